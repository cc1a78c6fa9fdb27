/** One run of CertCheck: what it works with, what it did so far, and how it writes. */
import type { Decision } from '../core/decide.ts';
import type { FactsChange, HostFacts, IssuancePolicy } from '../core/facts.ts';
import { REASON } from '../core/reasons.ts';
import type { Identifiers } from '../ports/identifiers.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { ManagedNodes } from '../ports/managed-nodes.ts';
import type { Notices } from '../ports/notices.ts';
import type { Progress } from '../ports/progress.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { WorkQueue } from '../ports/work-queue.ts';
import { eachBounded } from './bounded.ts';

export interface CheckPorts {
  readonly inventory: Inventory;
  readonly ledger: Ledger;
  readonly nodes: ManagedNodes;
  readonly queue: WorkQueue;
  readonly notices: Notices;
  readonly identifiers: Identifiers;
  readonly progress: Progress;
  readonly telemetry: Telemetry;
}

/** What one check did; the answer of a manual invoke. */
export interface CheckSummary {
  hosts: number;
  started: number;
  resumed: number;
  redeployed: number;
  running: number;
  waiting: number;
  backingOff: number;
  held: number;
  unreachable: number;
  /** False: time ran out; the next tick goes on from there. */
  complete: boolean;
}

/** One run. `hasTime` is asked between pages, so that a run ends before its function is stopped. */
export interface CheckRun {
  readonly ports: CheckPorts;
  readonly policy: IssuancePolicy;
  readonly now: number;
  readonly hasTime: () => boolean;
}

export interface CheckState {
  readonly summary: CheckSummary;
  readonly toNotify: HostFacts[];
  readonly remarks: string[];
  /** What went wrong with single hosts; thrown at the end, when all others have been seen to. */
  readonly errors: unknown[];
  /** Hosts whose row was another when it was to be written. */
  readonly disturbed: Set<string>;
  /** Attempts enqueued so far; the n-th is delivered n / startsPerSecond later. */
  enqueued: number;
}

export interface Decided {
  readonly facts: HostFacts;
  readonly decision: Decision;
}

/** Calls under way at once. */
export const WIDTH = 10;

export function newState(): CheckState {
  const summary = {
    hosts: 0,
    started: 0,
    resumed: 0,
    redeployed: 0,
    running: 0,
    waiting: 0,
    backingOff: 0,
    held: 0,
    unreachable: 0,
    complete: true,
  };
  return { summary, toNotify: [], remarks: [], errors: [], disturbed: new Set(), enqueued: 0 };
}

/** Writes, and remembers a host whose row was another by then. What the ledger gave back is written along. */
export async function write(
  facts: HostFacts,
  change: FactsChange,
  { ports, now }: CheckRun,
  { disturbed }: CheckState,
): Promise<HostFacts | undefined> {
  const { revision, issuances } = facts;
  const restored = revision === undefined && issuances !== undefined ? { issuances } : {};
  const written = await ports.inventory.write(facts, { ...restored, ...change }, now);
  if (written === undefined) disturbed.add(facts.hostId);
  return written;
}

/** What fails for one host does not keep the others from their turn. */
export async function eachApart<T>(
  items: readonly T[],
  { errors }: CheckState,
  task: (item: T) => Promise<void>,
): Promise<void> {
  await eachBounded(items, WIDTH, async (item) => {
    try {
      await task(item);
    } catch (error) {
      errors.push(error);
    }
  });
}

const COUNTER = {
  issue: 'started',
  resume: 'resumed',
  redeploy: 'redeployed',
  wait: 'waiting',
  backOff: 'backingOff',
  hold: 'held',
} as const;

export function count(summary: CheckSummary, { action, reason }: Decision): void {
  summary[reason === REASON.attemptRunning ? 'running' : COUNTER[action]] += 1;
}
