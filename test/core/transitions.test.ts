import { describe, expect, it } from 'vitest';
import { applyChange } from '../../src/core/facts.ts';
import {
  beginDeployment,
  claim,
  claimRedeployment,
  complete,
  completeWithoutReload,
  fail,
  intend,
  resume,
} from '../../src/core/transitions.ts';
import { MINUTE, utcDay } from '../../src/core/time.ts';
import {
  ATTEMPT,
  NOW,
  POLICY,
  attempt,
  certificate,
  enrolled,
  failing,
  host,
  parked,
} from '../builders/facts.ts';

const ISSUED = {
  arn: 'arn:new',
  serial: 'FF',
  publicKeyHash: 'b'.repeat(64),
  notBefore: NOW,
  notAfter: NOW + 100_000,
};

describe('claim', () => {
  it('counts the deadline from the delivery of the first message', () => {
    expect(claim(host(), ATTEMPT, 120, NOW)).toMatchObject({
      nextCheckAt: NOW + 120 + 15 * MINUTE,
      attempt: { stage: 'csr' },
    });
  });

  it('counts no issuance: what fails before the CA is asked costs no certificate', () => {
    expect(claim(host(), ATTEMPT, 0, NOW).issuances).toBeUndefined();
  });

  it('starts a redeployment with the current certificate and counts no issuance', () => {
    const change = claimRedeployment(enrolled(), ATTEMPT, 0, NOW);
    expect(change).toMatchObject({
      attempt: { stage: 'deploying', issued: { serial: certificate().serial } },
    });
    expect(change.issuances).toBeUndefined();
  });
});

describe('resume', () => {
  it('gives an overdue attempt another span and keeps looking for its old command', () => {
    const overdue = attempt({ stageSince: NOW - 900, deadline: NOW });
    expect(resume(host(), overdue, 0, NOW)).toMatchObject({
      attempt: { resumes: 1, stageSince: NOW - 900, deadline: NOW + 15 * MINUTE },
    });
  });

  it('asks for a new command of a parked attempt', () => {
    expect(resume(host(), parked({ stageSince: NOW - 900 }), 0, NOW)).toMatchObject({
      attempt: { stageSince: NOW, resumes: 0 },
    });
  });

  it('gives up an attempt that was resumed three times', () => {
    expect(resume(host(), attempt({ resumes: 3, deadline: NOW }), 0, NOW)).toBeUndefined();
  });
});

describe('intend and beginDeployment', () => {
  it('write the stage before its act', () => {
    const intent = { publicKeyHash: 'c'.repeat(64), token: ATTEMPT, askedAt: NOW };
    expect(intend(host(), attempt(), intent)).toMatchObject({ attempt: { stage: 'issuing', intent } });
    expect(beginDeployment(host(), attempt({ intent }), ISSUED, NOW)).toMatchObject({
      attempt: { stage: 'deploying', issued: ISSUED, intent },
    });
  });
});

describe('intend', () => {
  const intent = { publicKeyHash: 'c'.repeat(64), token: ATTEMPT, askedAt: NOW };

  it.each([
    ['continues the count of the day', { day: utcDay(NOW), count: 2 }, 3],
    ['begins a count with each UTC day', { day: '2020-01-01', count: 2 }, 1],
  ])('%s', (_sentence, issuances, count) => {
    expect(intend(host({ issuances }), attempt(), intent).issuances).toEqual({ day: utcDay(NOW), count });
  });
});

describe('complete', () => {
  it('forgets the attempt and its failures', () => {
    const facts = failing(enrolled({ attempt: attempt({ stage: 'deploying', issued: ISSUED }) }));
    const after = applyChange(facts, complete(facts, attempt(), ISSUED, POLICY, NOW));
    expect(after).toMatchObject({ certificate: { serial: 'FF' }, expiryPresent: true });
    expect(after).not.toHaveProperty('attempt');
    expect(after).not.toHaveProperty('failure');
  });

  it('keeps the attempt for the reload when only the reload failed', () => {
    const facts = enrolled();
    const after = applyChange(
      facts,
      completeWithoutReload(facts, attempt({ stage: 'deploying', issued: ISSUED }), ISSUED, POLICY, NOW),
    );
    expect(after).toMatchObject({
      certificate: { serial: 'FF' },
      failure: { step: 'reload' },
      attempt: { issued: ISSUED },
    });
    expect(after.attempt).not.toHaveProperty('deadline');
  });
});

describe('fail', () => {
  const failed = { step: 'deploy', reason: 'SessionRefused', message: 'no' } as const;

  it('parks an attempt that has a certificate, so that no second one is issued', () => {
    const facts = host({ attempt: attempt({ stage: 'deploying', issued: ISSUED }) });
    const { attempt: after } = fail(facts, failed, POLICY, NOW);
    expect(after).toMatchObject({ id: ATTEMPT, issued: ISSUED });
    expect(after).not.toHaveProperty('deadline');
  });

  it.each(['KeyMissing', 'KeyMismatch', 'AttemptSuperseded', 'CertificateRevoked'])(
    'forgets an attempt whose certificate is lost (%s)',
    (reason) => {
      const facts = host({ attempt: attempt({ stage: 'deploying', issued: ISSUED }) });
      expect(fail(facts, { ...failed, reason }, POLICY, NOW).attempt).toBeNull();
    },
  );

  it('forgets an attempt without a certificate', () => {
    expect(fail(host({ attempt: attempt() }), failed, POLICY, NOW).attempt).toBeNull();
  });

  it.each(['AgentOffline', 'HostUnknown', 'AttemptExhausted'])(
    'keeps an attempt whose certificate may still come (%s)',
    (reason) => {
      const intent = { publicKeyHash: 'c'.repeat(64), token: ATTEMPT, askedAt: NOW };
      const facts = host({ attempt: attempt({ stage: 'issuing', intent }) });
      const { attempt: after } = fail(facts, { ...failed, reason }, POLICY, NOW);
      expect(after).toMatchObject({ id: ATTEMPT, intent });
      expect(after).not.toHaveProperty('deadline');
    },
  );

  it('counts failures in a row and remembers when they began', () => {
    const facts = failing(host(), { since: NOW - 5000, count: 4 });
    expect(fail(facts, failed, POLICY, NOW).failure).toMatchObject({ count: 5, since: NOW - 5000, at: NOW });
  });

  it('is looked at by the next tick while nobody was told', () => {
    expect(fail(host(), failed, POLICY, NOW).nextCheckAt).toBe(NOW);
    expect(fail(failing(host(), { notifiedAt: NOW }), failed, POLICY, NOW).nextCheckAt).toBe(
      NOW + 30 * MINUTE,
    );
  });

  it('tells again when the reason is another one', () => {
    const facts = failing(host(), { notifiedAt: NOW, reason: 'HelperMissing' });
    expect(fail(facts, failed, POLICY, NOW).failure).not.toHaveProperty('notifiedAt');
  });
});
