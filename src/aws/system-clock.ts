import type { Clock } from '../ports/clock.ts';

/** The only place in the product that reads the time. */
export const systemClock: Clock = {
  now: () => Math.floor(Date.now() / 1000),
};
