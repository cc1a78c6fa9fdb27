import type { FactsChange, HostFacts } from '../core/facts.ts';

/** `conflict`: the row changed since it was read, or is gone; nothing was written. */
export type WriteOutcome = 'written' | 'conflict';

export interface Page<T> {
  readonly items: readonly T[];
  /** Where to go on; undefined: this was the last page. */
  readonly next?: string;
}

/** The table of hosts. Attributes of the administrator are read and never written; unknown ones are left alone. */
export interface Inventory {
  /** Strongly consistent; undefined: no such row. */
  get(hostId: string): Promise<HostFacts | undefined>;
  /** One page of hosts whose `nextCheckAt` is at or before `now`, strongly consistent, at most 100. */
  due(now: number, after: string | undefined): Promise<Page<HostFacts>>;
  /** One page of the whole table. */
  all(after: string | undefined): Promise<Page<HostFacts>>;
  /**
   * Writes the change and a fresh revision, MUST fail with `conflict` unless the row still exists at `facts.revision`
   * (or still has none), and MUST write the derived status beside it.
   */
  write(facts: HostFacts, change: FactsChange, now: number): Promise<WriteOutcome>;
}
