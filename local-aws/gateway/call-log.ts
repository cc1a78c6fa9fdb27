/** Every API call of the last while, without bodies: what tests and benchmarks count. */
import type { Caller } from '../platform.ts';

export interface RecordedCall {
  /** Grows by one per call; `GET /_local/calls?after=` takes it. */
  readonly index: number;
  /** Milliseconds since the epoch, moved time. */
  readonly at: number;
  readonly scope: string;
  readonly operation: string;
  /** Role ARN, service name, or `administrator`. */
  readonly caller: string;
  /** 0 when a fault dropped the connection. */
  readonly status: number;
  readonly error?: string;
}

export interface CallLog {
  add(call: Omit<RecordedCall, 'index'>): void;
  list(after?: number): RecordedCall[];
}

const CAPACITY = 200_000;

export function createCallLog(capacity = CAPACITY): CallLog {
  const ring: RecordedCall[] = [];
  let added = 0;
  return {
    add(call) {
      ring[added % capacity] = { index: added, ...call };
      added += 1;
    },
    list(after = -1) {
      const start = added % capacity;
      const ordered = added <= capacity ? ring : [...ring.slice(start), ...ring.slice(0, start)];
      return ordered.filter((call) => call.index > after);
    },
  };
}

/** A caller as the log names it. */
export function nameOf(caller: Caller | undefined): string {
  if (caller === undefined) return 'nobody';
  if (caller.kind === 'administrator') return 'administrator';
  return caller.kind === 'role' ? caller.roleArn : caller.service;
}
