import { describe, expect, it } from 'vitest';
import { retryTime } from '../../src/core/back-off.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { NOW, POLICY } from '../builders/facts.ts';

const WEEK = { notBefore: NOW, notAfter: NOW + 7 * DAY };

describe('retryTime', () => {
  it.each([
    [1, 15],
    [2, 30],
    [3, 60],
    [4, 120],
    [5, 240],
    [6, 480],
    [1000, 480],
  ])('waits after failure %i in a row for %i minutes', (count, minutes) => {
    expect(retryTime(count, NOW, WEEK, POLICY) - NOW).toBe(minutes * MINUTE);
  });

  it('never waits longer than 1/8 of the life that is left', () => {
    expect(retryTime(9, NOW, { notBefore: NOW - 6 * DAY, notAfter: NOW + DAY }, POLICY) - NOW).toBe(3 * HOUR);
  });

  it('waits one tick in the emergency window', () => {
    expect(retryTime(9, NOW, { notBefore: NOW - 7 * DAY, notAfter: NOW + HOUR }, POLICY) - NOW).toBe(
      15 * MINUTE,
    );
  });

  it.each([undefined, { notBefore: NOW - 8 * DAY, notAfter: NOW }])(
    'waits at most an hour where no certificate works',
    (current) => {
      expect(retryTime(9, NOW, current, POLICY) - NOW).toBe(HOUR);
    },
  );
});
