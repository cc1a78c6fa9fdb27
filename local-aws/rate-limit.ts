/** Quotas of calls per second, as token buckets on the moved clock. */
import type { Operation } from './json-service.ts';
import { LIMITS } from './limits.ts';
import { AwsError } from './platform.ts';
import type { Clock } from './platform.ts';

export interface RateLimit {
  /** Takes one call out of the bucket or throws ThrottlingException. */
  take(): void;
}

/**
 * `burst` calls may come at once. AWS publishes rates but no bursts: a second's worth, and for quotas of one call per second
 * a handful, so that read-then-update passes and a call per host does not.
 */
export function createRateLimit(
  clock: Clock,
  perSecond: number,
  burst = Math.max(perSecond, LIMITS.rolesAnywhereBurst.value),
): RateLimit {
  let tokens = burst;
  let filledAt = clock.now();
  return {
    take() {
      const now = clock.now();
      tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond);
      filledAt = now;
      if (tokens < 1) throw new AwsError('ThrottlingException', 'Rate exceeded');
      tokens -= 1;
    },
  };
}

/** The operation behind its quota. */
export function limited(limit: RateLimit, operation: Operation): Operation {
  return {
    run: async (input, caller, access) => {
      limit.take();
      return operation.run(input, caller, access);
    },
  };
}

/** All operations whose name matches, behind one common quota. */
export function limitedTogether(
  limit: RateLimit,
  names: RegExp,
  operations: Readonly<Record<string, Operation>>,
): Record<string, Operation> {
  const entries = Object.entries(operations);
  return Object.fromEntries(
    entries.map(([name, one]) => [name, names.test(name) ? limited(limit, one) : one]),
  );
}
