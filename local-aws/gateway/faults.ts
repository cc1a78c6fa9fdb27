/** Failures on order: the next calls of one operation fail, before it runs or after it took effect. */
import { z } from 'zod';
import { parseStrictly } from '../json-service.ts';
import { AwsError } from '../platform.ts';
import type { Json, JsonObject } from '../platform.ts';

const order = z.strictObject({
  scope: z.string(),
  /** e.g. `GetItem`. */
  operation: z.string(),
  /** Only calls of this caller: a role ARN, a part of one, or a service name. */
  caller: z.string().optional(),
  code: z.string(),
  message: z.string().optional(),
  status: z.number().int().min(400).max(599).optional(),
  /** `after`: the operation takes effect and its answer is lost. */
  when: z.enum(['before', 'after']).optional(),
  /** How many calls to let through first. */
  skip: z.number().int().nonnegative().optional(),
  times: z.number().int().positive().optional(),
});
type Order = z.infer<typeof order>;

export interface Faults {
  /** Counts one call; throws now, or gives what is to be thrown after the operation took effect. */
  strike(scope: string, operations: readonly string[], caller: string): AwsError | undefined;
  add(body: JsonObject): Json;
  list(): Json;
  clear(): Json;
}

export function createFaults(): Faults {
  let orders: (Order & { left: number; toSkip: number })[] = [];
  const list = (): Json =>
    orders.map(({ scope, operation, code, left }) => ({ scope, operation, code, left }));
  return {
    strike(scope, operations, caller) {
      const found = orders.find(
        (one) =>
          one.scope === scope && operations.includes(one.operation) && caller.includes(one.caller ?? caller),
      );
      if (found === undefined) return undefined;
      if (found.toSkip > 0) {
        found.toSkip -= 1;
        return undefined;
      }
      found.left -= 1;
      orders = orders.filter((one) => one.left > 0);
      const message = found.message ?? `${found.operation} was ordered to fail`;
      const error = new AwsError(found.code, message, found.status ?? 400);
      if (found.when === 'after') return error;
      throw error;
    },
    add(body) {
      const given = parseStrictly(order, body);
      orders.push({ ...given, left: given.times ?? 1, toSkip: given.skip ?? 0 });
      return list();
    },
    list,
    clear() {
      orders = [];
      return list();
    },
  };
}
