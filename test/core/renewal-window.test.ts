import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emergencyTime, renewalTime } from '../../src/core/renewal-window.ts';
import { DAY, HOUR } from '../../src/core/time.ts';
import { NOW, POLICY } from '../builders/facts.ts';

const WEEK = { notBefore: NOW, notAfter: NOW + 7 * DAY };

describe('renewalTime', () => {
  it('is at most two thirds of life and at most 1/20 of life earlier, for every host', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (hostId, serial) => {
        const time = renewalTime(hostId, serial, WEEK, POLICY);
        expect(time).toBeLessThanOrEqual(NOW + (7 * DAY * 2) / 3);
        expect(time).toBeGreaterThanOrEqual(NOW + 7 * DAY * (2 / 3 - 1 / 20) - 1);
      }),
    );
  });

  it('is a whole second', () => {
    expect(
      Number.isInteger(renewalTime('mi-1', '0A', { notBefore: NOW, notAfter: NOW + 100_001 }, POLICY)),
    ).toBe(true);
  });

  it('spreads a fleet over at least half of the window', () => {
    const times = Array.from({ length: 200 }, (_, index) =>
      renewalTime(`mi-${String(index)}`, '0A', WEEK, POLICY),
    );
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan((7 * DAY) / 40);
  });

  it('follows minRemaining where it is set', () => {
    const policy = { ...POLICY, minRemainingSeconds: 60 * HOUR };
    const time = renewalTime('mi-1', '0A', WEEK, policy);
    expect(time).toBeLessThanOrEqual(WEEK.notAfter - 60 * HOUR);
    expect(time).toBeGreaterThan(WEEK.notAfter - 60 * HOUR - (7 * DAY) / 20 - 1);
  });

  it('comes before the emergency window', () => {
    expect(renewalTime('mi-1', '0A', WEEK, POLICY)).toBeLessThan(emergencyTime(WEEK));
  });
});
