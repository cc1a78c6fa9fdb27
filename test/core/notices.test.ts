import { describe, expect, it } from 'vitest';
import { digest, needsNotice } from '../../src/core/notices.ts';
import type { FailingHost, News } from '../../src/core/notices.ts';
import { recover } from '../../src/core/transitions.ts';
import { DAY, HOUR } from '../../src/core/time.ts';
import { HOST, NOW, POLICY, certificate, enrolled, failing, failure, host } from '../builders/facts.ts';

const failingHost = (hostId = HOST, notAfter?: number): FailingHost => ({
  hostId,
  failure: failure(host(), {
    reason: 'HelperMissing',
    message: '/root/aws_signing_helper does not exist',
    count: 2,
    since: NOW - HOUR,
  }),
  ...(notAfter === undefined ? {} : { notAfter }),
});

const news = (failing: readonly FailingHost[]): News => ({ failing, recovered: [], remarks: [] });

describe('digest', () => {
  it('says which host, which step, the reason, what to do, when it is tried again and what is in use', () => {
    expect(digest(news([failingHost(HOST, NOW + 5 * DAY)]), POLICY, NOW)).toEqual({
      subject: `certvend: ${HOST} cannot get a certificate`,
      body: `mi-0123456789abcdef0
  failed at:  deploying the certificate on the host, 2027-01-15T08:00:00Z (2 failures in a row since 2027-01-15T07:00:00Z)
  reason:     HelperMissing: /root/aws_signing_helper does not exist
  to do:      install aws_signing_helper in the directory of the setting AWSSigningHelperPath
  next try:   2027-01-15T08:15:00Z
  in use:     a certificate valid until 2027-01-20T08:00:00Z (5 d left)

certvend goes on trying by itself. All other hosts are unaffected.`,
    });
  });

  it('marks a host urgent that has less than mustSurvive left', () => {
    const { subject, body } = digest(news([failingHost(HOST, NOW + 47 * HOUR)]), POLICY, NOW);
    expect(subject).toContain('(1 urgent)');
    expect(body).toContain(`URGENT ${HOST}`);
  });

  it('is one mail however many hosts fail, and a subject that SNS takes', () => {
    const { subject, body } = digest(news(Array.from({ length: 60 }, () => failingHost())), POLICY, NOW);
    expect(subject).toBe('certvend: 60 hosts cannot get a certificate');
    expect(body).toContain('... and 10 more');
  });
});

describe('the notice that it is over', () => {
  it('names each host, what it was and how long', () => {
    const recovery = { reason: 'HelperMissing', since: NOW - HOUR, at: NOW };
    expect(
      digest({ failing: [], recovered: [{ hostId: HOST, recovery }], remarks: [] }, POLICY, NOW),
    ).toEqual({
      subject: `certvend: over for ${HOST}`,
      body: `Over:\n  ${HOST}  HelperMissing since 2027-01-15T07:00:00Z, over at 2027-01-15T08:00:00Z`,
    });
  });

  it('comes only for a failure that was told', () => {
    expect(recover(failing(host(), { notifiedAt: NOW }), NOW)).toMatchObject({
      failure: null,
      recovery: { reason: 'SessionRefused' },
      nextCheckAt: NOW,
    });
    expect(recover(failing(host()), NOW)).toEqual({ failure: null });
  });
});

describe('needsNotice', () => {
  it.each([
    ['tells a new failure', failing(host()), true],
    ['tells a failure once', failing(host(), { notifiedAt: NOW }), false],
    ['tells nothing of a healthy host', enrolled(), false],
    ['tells that it is over', enrolled({ recovery: { reason: 'ClockWrong', since: NOW, at: NOW } }), true],
    [
      'does not tell of a host that is switched off and has plenty of life',
      failing(enrolled(), { reason: 'AgentOffline' }),
      false,
    ],
    [
      'tells of a host that is switched off when it gets urgent',
      failing(enrolled({ certificate: certificate({ notAfter: NOW + HOUR }) }), { reason: 'AgentOffline' }),
      true,
    ],
    [
      'tells again when it gets urgent',
      failing(enrolled({ certificate: certificate({ notAfter: NOW + 47 * HOUR }) }), {
        notifiedAt: NOW - 3 * HOUR,
      }),
      true,
    ],
  ])('%s', (_sentence, facts, expected) => {
    expect(needsNotice(facts, NOW, POLICY)).toBe(expected);
  });
});
