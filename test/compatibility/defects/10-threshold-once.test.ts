/** The sample applied its renewal threshold twice, and compared dates without their time. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/core/decide.ts';
import { renewalTime } from '../../../src/core/renewal-window.ts';
import { DAY, HOUR } from '../../../src/core/time.ts';
import { certificate, enrolled, HOST, NOW, POLICY } from '../../builders/facts.ts';

describe('defect 10: the renewal threshold', () => {
  const inUse = certificate({ notBefore: NOW, notAfter: NOW + 7 * DAY });
  const facts = enrolled({ certificate: inUse });
  const due = renewalTime(HOST, inUse.serial, inUse, POLICY);

  it('is applied once: renewal comes after two thirds of the life, at most 1/20 earlier', () => {
    expect(due).toBeLessThanOrEqual(NOW + (7 * DAY * 2) / 3);
    expect(due).toBeGreaterThanOrEqual(NOW + 7 * DAY * (2 / 3 - 1 / 20) - 1);
  });

  it('is exact to the second, not to the day', () => {
    expect(decide(facts, due - 1, POLICY)).toMatchObject({ action: 'wait', nextCheckAt: due });
    expect(decide(facts, due, POLICY)).toMatchObject({ action: 'issue', reason: 'RenewalDue' });
  });

  it('with minRemaining counts from the end, and once as well', () => {
    const policy = { ...POLICY, minRemainingSeconds: 60 * HOUR };
    const time = renewalTime(HOST, inUse.serial, inUse, policy);
    expect(time).toBeLessThanOrEqual(inUse.notAfter - 60 * HOUR);
    expect(time).toBeGreaterThan(inUse.notAfter - 60 * HOUR - DAY);
  });

  it('an expiry later on the same day is not over yet, an earlier one is', () => {
    const short = certificate({ notBefore: NOW - 6 * DAY, notAfter: NOW + HOUR });
    expect(decide(enrolled({ certificate: short }), NOW, POLICY).reason).toBe('Emergency');
    expect(decide(enrolled({ certificate: { ...short, notAfter: NOW - HOUR } }), NOW, POLICY).reason).toBe(
      'Expired',
    );
  });
});
