import { describe, expect, it } from 'vitest';
import { decide } from '../../src/core/decide.ts';
import type { Action } from '../../src/core/decide.ts';
import type { HostFacts } from '../../src/core/facts.ts';
import { renewalTime } from '../../src/core/renewal-window.ts';
import { DAY, HOUR, MINUTE, utcDay } from '../../src/core/time.ts';
import {
  DEPLOYMENT,
  HOST,
  NOW,
  POLICY,
  REQUEST,
  attempt,
  certificate,
  enrolled,
  failing,
  host,
  parked,
} from '../builders/facts.ts';

const RENEWAL = renewalTime(HOST, certificate().serial, certificate(), POLICY);
const LIFE = 7 * DAY + HOUR;
const EMERGENCY = Math.floor(NOW + 7 * DAY - LIFE / 20);

interface Case {
  readonly facts: HostFacts;
  readonly now?: number;
  readonly action: Action;
  readonly reason: string;
}

/** Each line is one promise; the order of the checks is what most of them are about. */
const CASES: Readonly<Record<string, Case>> = {
  'issues for a row that holds only its host id': { facts: host(), action: 'issue', reason: 'NoCertificate' },
  'issues again when the administrator removed expiry': {
    facts: enrolled({ expiryPresent: false }),
    action: 'issue',
    reason: 'NoCertificate',
  },
  'waits for a valid certificate': { facts: enrolled(), action: 'wait', reason: 'Valid' },
  'waits one second before the renewal time': {
    facts: enrolled(),
    now: RENEWAL - 1,
    action: 'wait',
    reason: 'Valid',
  },
  'renews at the very second of the renewal time': {
    facts: enrolled(),
    now: RENEWAL,
    action: 'issue',
    reason: 'RenewalDue',
  },
  'calls the last twentieth of a life an emergency': {
    facts: enrolled(),
    now: EMERGENCY,
    action: 'issue',
    reason: 'Emergency',
  },
  'issues for an expired certificate': {
    facts: enrolled(),
    now: NOW + 7 * DAY,
    action: 'issue',
    reason: 'Expired',
  },
  'holds a row that cannot be used, whatever else is due': {
    facts: enrolled({ problems: ['owner is 5'] }),
    now: NOW + 8 * DAY,
    action: 'hold',
    reason: 'InvalidRow',
  },
  'holds a disabled host although its certificate expired': {
    facts: enrolled({ disabled: true }),
    now: NOW + 8 * DAY,
    action: 'hold',
    reason: 'Disabled',
  },
  'holds a revoked host even at renewal time': {
    facts: enrolled({ certificate: certificate({ revokedAt: NOW }) }),
    now: RENEWAL,
    action: 'hold',
    reason: 'Revoked',
  },
  'issues for a revoked host once expiry is removed': {
    facts: enrolled({ certificate: certificate({ revokedAt: NOW }), expiryPresent: false }),
    action: 'issue',
    reason: 'NoCertificate',
  },
  'waits for a running attempt although renewal is due': {
    facts: enrolled({ attempt: attempt({ deadline: RENEWAL + 60 }) }),
    now: RENEWAL,
    action: 'wait',
    reason: 'AttemptRunning',
  },
  'resumes an attempt at its deadline': {
    facts: host({ attempt: attempt() }),
    now: NOW + 15 * MINUTE,
    action: 'resume',
    reason: 'AttemptOverdue',
  },
  'resumes an overdue attempt although a back-off is running': {
    facts: failing(host({ attempt: attempt({ deadline: NOW }) })),
    action: 'resume',
    reason: 'AttemptOverdue',
  },
  'backs off after a failure': { facts: failing(host()), action: 'backOff', reason: 'BackingOff' },
  'backs off with a parked certificate': {
    facts: failing(host({ attempt: parked() })),
    action: 'backOff',
    reason: 'BackingOff',
  },
  'tries again at the end of the back-off': {
    facts: failing(host()),
    now: NOW + 15 * MINUTE,
    action: 'issue',
    reason: 'NoCertificate',
  },
  'ends the back-off when the administrator changed the row': {
    facts: failing(host(), { rowHash: 'another' }),
    action: 'issue',
    reason: 'NoCertificate',
  },
  'backs off no longer than one tick in the emergency window': {
    facts: failing(enrolled(), { at: EMERGENCY, retryAt: EMERGENCY + 8 * HOUR }),
    now: EMERGENCY + 15 * MINUTE,
    action: 'issue',
    reason: 'Emergency',
  },
  'resumes a parked deployment with the certificate it has': {
    facts: failing(host({ attempt: parked() })),
    now: NOW + 15 * MINUTE,
    action: 'resume',
    reason: 'DeploymentPending',
  },
  'issues anew when the parked certificate has expired': {
    facts: failing(host({ attempt: parked() })),
    now: NOW + 8 * DAY,
    action: 'issue',
    reason: 'NoCertificate',
  },
  'issues anew when the request changed since the parked certificate': {
    facts: failing(host({ attempt: parked({ requestHash: 'another' }) })),
    now: NOW + 15 * MINUTE,
    action: 'issue',
    reason: 'NoCertificate',
  },
  'issues when the key algorithm changed': {
    facts: enrolled({ request: { ...REQUEST, keyAlgorithm: 'EC_prime256v1' } }),
    action: 'issue',
    reason: 'RequestChanged',
  },
  'redeploys the same certificate when only a path changed': {
    facts: enrolled({ deployment: { ...DEPLOYMENT, certPath: '/srv/certs' } }),
    action: 'redeploy',
    reason: 'DeploymentChanged',
  },
  'does not redeploy when only the way of proving changed': {
    facts: enrolled({
      deployment: { ...DEPLOYMENT, validation: 'off', endpoint: 'https://vpce.example.com' },
    }),
    action: 'wait',
    reason: 'Valid',
  },
  'issues nothing beyond the daily limit of the host': {
    facts: host({ issuances: { day: utcDay(NOW), count: 6 } }),
    action: 'backOff',
    reason: 'HostDailyLimit',
  },
  'counts the daily limit per day': {
    facts: host({ issuances: { day: '2020-01-01', count: 6 } }),
    action: 'issue',
    reason: 'NoCertificate',
  },
  'resumes beyond the daily limit, because that issues nothing': {
    facts: host({ attempt: parked(), issuances: { day: utcDay(NOW), count: 6 } }),
    action: 'resume',
    reason: 'DeploymentPending',
  },
};

describe('decide', () => {
  it.each(Object.entries(CASES))('%s', (_sentence, { facts, now = NOW, action, reason }) => {
    expect(decide(facts, now, POLICY)).toMatchObject({ action, reason });
  });

  it('looks again at the renewal time when it waits', () => {
    expect(decide(enrolled(), NOW, POLICY).nextCheckAt).toBe(RENEWAL);
  });

  it('looks again after a hold only when the row changes', () => {
    expect(decide(enrolled({ disabled: true }), NOW, POLICY).nextCheckAt).toBeUndefined();
  });

  it('gives the same answer on every call', () => {
    expect(decide(enrolled(), NOW, POLICY)).toEqual(decide(enrolled(), NOW, POLICY));
  });
});
