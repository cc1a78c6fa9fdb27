/**
 * Time of the local AWS: real time plus one offset that only grows. The offset lives in a SharedArrayBuffer, so that
 * every worker thread (the gateway, each function's execution environment) sees a jump at the same instant.
 */
import type { Clock } from './platform.ts';

/** The clock of one local AWS. `buffer` is what worker threads need for `installDate`. */
export interface LocalClock extends Clock {
  readonly buffer: SharedArrayBuffer;
  /** Milliseconds by which this clock is ahead of real time. */
  offset(): number;
  /** Forgets all waiting tasks. */
  close(): void;
}

// Taken before installDate can replace it: the offset must be added to real time exactly once.
const RealDate = Date;
const realNow = RealDate.now.bind(RealDate);
// setTimeout fires at once above this.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Waiting {
  readonly atMs: number;
  readonly task: () => void;
  timer?: NodeJS.Timeout;
}

export function createClock(): LocalClock {
  const buffer = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  const cell = new BigInt64Array(buffer);
  const waiting = new Set<Waiting>();
  const offset = (): number => Number(Atomics.load(cell, 0));
  const now = (): number => realNow() + offset();

  function arm(entry: Waiting): void {
    const remaining = entry.atMs - now();
    entry.timer = setTimeout(
      () => {
        // Timers are monotonic while the wall clock may be set back, and a long wait comes in pieces.
        if (now() < entry.atMs) arm(entry);
        else fire(entry);
      },
      Math.min(Math.max(remaining, 0), LONGEST_TIMER_MS),
    );
  }

  function fire(entry: Waiting): void {
    clearTimeout(entry.timer);
    if (waiting.delete(entry)) entry.task();
  }

  return {
    buffer,
    offset,
    now,
    at(atMs, task) {
      const entry: Waiting = { atMs, task };
      waiting.add(entry);
      arm(entry);
      return () => {
        clearTimeout(entry.timer);
        waiting.delete(entry);
      };
    },
    advance(byMs) {
      if (!Number.isSafeInteger(byMs) || byMs < 0) {
        throw new RangeError(`the clock moves forward by whole milliseconds only, not by ${String(byMs)}`);
      }
      Atomics.add(cell, 0, BigInt(byMs));
      const reached = now();
      const due = [...waiting].filter((entry) => entry.atMs <= reached).sort((a, b) => a.atMs - b.atMs);
      for (const entry of due) {
        try {
          fire(entry);
        } catch (error) {
          // As from a timer: one failing task must not keep the others from running.
          setImmediate(() => {
            throw error;
          });
        }
      }
      for (const entry of waiting) {
        clearTimeout(entry.timer);
        arm(entry);
      }
    },
    close() {
      for (const entry of waiting) clearTimeout(entry.timer);
      waiting.clear();
    },
  };
}

/**
 * Makes `Date.now()`, `new Date()` and `Date()` of this thread show moved time. To be called first in a worker thread,
 * before other modules keep a reference to Date. Explicit times, parsing and Date.UTC are untouched.
 */
export function installDate(buffer: SharedArrayBuffer): void {
  const cell = new BigInt64Array(buffer);
  const now = (): number => realNow() + Number(Atomics.load(cell, 0));
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) => {
      const made: unknown = Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget);
      // Reflect.construct of Date gives a Date; only its type says less.
      return made as Date;
    },
    apply: () => new RealDate(now()).toString(),
    get: (target, property): unknown => (property === 'now' ? now : Reflect.get(target, property)),
  });
}
