/**
 * How long a failure is waited out.
 *
 * | failures in a row | 1 | 2 | 3 | 4 | 5 | 6 and more |
 * |---|---|---|---|---|---|---|
 * | minutes | 15 | 30 | 60 | 120 | 240 | 480 |
 *
 * Never longer than 1/8 of the life that the current certificate has left, and never longer than one tick once the
 * emergency window has begun: a thousand failures in a row still give a bounded number of calls, and no state is final.
 */
import type { IssuancePolicy } from './facts.ts';
import { emergencyTime } from './renewal-window.ts';
import type { Validity } from './renewal-window.ts';
import { HOUR, MINUTE } from './time.ts';

const FIRST = 15 * MINUTE;
const LONGEST = 8 * HOUR;
const LIFE_FRACTION = 1 / 8;

/** Seconds since the epoch of the next try after the `count`-th failure in a row (1 or more). */
export function retryTime(
  count: number,
  now: number,
  current: Validity | undefined,
  policy: IssuancePolicy,
): number {
  const doubled = Math.min(LONGEST, FIRST * 2 ** Math.min(count - 1, 10));
  if (current === undefined || current.notAfter <= now) return now + Math.min(doubled, HOUR);
  if (now >= emergencyTime(current)) return now + Math.min(doubled, policy.checkIntervalSeconds);
  const byLife = Math.max(policy.checkIntervalSeconds, (current.notAfter - now) * LIFE_FRACTION);
  return Math.floor(now + Math.min(doubled, byLife));
}
