/**
 * Which faults are on, and whether they strike. Nothing is left to chance: the verdict on the n-th candidate of a kind is
 * a hash of the seed, so a run can be repeated, and other traffic does not change it.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseStrictly } from '../json-service.ts';
import { AwsError } from '../platform.ts';
import type { Json, JsonObject } from '../platform.ts';
import { catalogue, faultNames } from './catalogue.ts';
import type { FaultName, Order } from './catalogue.ts';

export interface Strike<N extends FaultName> {
  readonly order: Order<N>;
  /** Between 0 and 1, as repeatable as the verdict: for a fault that has a measure. */
  readonly chance: number;
}

export interface Faults {
  /**
   * Counts one more candidate of this kind and says whether it is struck. `kind` names what is counted by itself, e.g.
   * an operation with its caller.
   */
  strike<N extends FaultName>(
    name: N,
    kind: string,
    fits: (order: Order<N>) => boolean,
  ): Strike<N> | undefined;
  /** Whether a lasting fault holds for one member of a group, e.g. the third node. Nothing is counted. */
  holds<N extends FaultName>(
    name: N,
    member: string,
    fits: (order: Order<N>) => boolean,
  ): Order<N> | undefined;
  /** Whether any of these is on. */
  on(...names: readonly FaultName[]): boolean;
  /** Switches faults on (an object, a list of them, `true`) or off (`false`); throws ValidationException for what it does not know. */
  set(orders: JsonObject): void;
  /** Adds an order to those that a fault has already. */
  add(name: FaultName, order: JsonObject): void;
  /** Everything off. */
  clear(): void;
  reseed(seed: number): void;
  describe(): JsonObject;
  /** Calls `listener` after every change. */
  onChange(listener: () => void): void;
}

interface Standing<N extends FaultName> {
  readonly order: Order<N>;
  readonly counts: Map<string, number>;
  toSkip: number;
  struck: number;
}
type Board = { [N in FaultName]?: Standing<N>[] };

const switchShape = z.union([
  z.boolean(),
  z.record(z.string(), z.json()),
  z.array(z.record(z.string(), z.json())),
]);

export function createFaults(firstSeed = 1): Faults {
  let seed = firstSeed;
  let board: Board = {};
  const listeners: (() => void)[] = [];
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const put = (name: string, standings: readonly Standing<FaultName>[]): void => {
    const others = Object.entries(board).filter(([one]) => one !== name);
    board = Object.fromEntries(standings.length === 0 ? others : [...others, [name, standings]]);
  };
  const draw = (...parts: readonly (string | number)[]): number =>
    createHash('sha256')
      .update(JSON.stringify([seed, ...parts]))
      .digest()
      .readUIntBE(0, 6) /
    2 ** 48;

  return {
    strike(name, kind, fits) {
      for (const standing of board[name] ?? []) {
        if (!fits(standing.order)) continue;
        const count = (standing.counts.get(kind) ?? 0) + 1;
        standing.counts.set(kind, count);
        if (draw(name, kind, count) >= standing.order.rate) continue;
        if (isSpent(standing)) continue;
        if (standing.toSkip > 0) {
          standing.toSkip -= 1;
          continue;
        }
        standing.struck += 1;
        return { order: standing.order, chance: draw(name, kind, count, 'measure') };
      }
      return undefined;
    },
    holds: (name, member, fits) =>
      board[name]?.find(({ order }) => fits(order) && draw(name, member) < order.rate)?.order,
    on: (...names) => names.some((name) => board[name] !== undefined),
    set(orders) {
      // All or nothing: a mistake in one order must not leave the others half done.
      const next = Object.entries(orders).map(
        ([name, value]) => [name, stand(requireName(name), value)] as const,
      );
      for (const [name, standings] of next) put(name, standings);
      changed();
    },
    add(name, order) {
      put(name, [...(board[name] ?? []), ...stand(name, order)]);
      changed();
    },
    clear() {
      board = {};
      changed();
    },
    reseed(value) {
      seed = value;
      changed();
    },
    describe: () => ({
      seed,
      on: Object.fromEntries(
        Object.entries(board).map(([name, standings]) => [name, standings.map(describeStanding)]),
      ),
      names: Object.fromEntries(faultNames.map((name) => [name, catalogue[name].says])),
    }),
    onChange: (listener) => void listeners.push(listener),
  };
}

/** Faults that are never on: for services in tests that have no need of them. */
export const noFaults: Faults = createFaults();

/** What stands under a name after its order; none when it is switched off. */
function stand<N extends FaultName>(name: N, value: Json): Standing<N>[] {
  const given = parseStrictly(switchShape, value);
  const orders = given === true ? [{}] : given === false ? [] : [given].flat();
  // The shape under a name gives the order of that name; TypeScript does not follow the name through the table.
  const shape = catalogue[name].shape as unknown as z.ZodType<Order<N>>;
  return orders.map((told) => {
    const order = parseOrder(name, shape, told);
    return { order, counts: new Map(), toSkip: 'skip' in order ? order.skip : 0, struck: 0 };
  });
}

function isSpent({ order, struck }: Standing<FaultName>): boolean {
  return 'times' in order && order.times !== undefined && struck >= order.times;
}

function parseOrder<T>(name: FaultName, shape: z.ZodType<T>, order: JsonObject): T {
  try {
    return parseStrictly(shape, order);
  } catch (error) {
    throw error instanceof AwsError ? new AwsError(error.code, `fault ${name}: ${error.message}`) : error;
  }
}

function describeStanding({ order, struck }: Standing<FaultName>): JsonObject {
  const left = 'times' in order && order.times !== undefined ? { left: order.times - struck } : {};
  const told = Object.entries(order).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(told), struck, ...left };
}

function requireName(name: string): FaultName {
  const known = faultNames.find((one) => one === name);
  if (known !== undefined) return known;
  throw new AwsError(
    'ValidationException',
    `there is no fault ${JSON.stringify(name)}; there are ${faultNames.join(', ')}`,
  );
}
