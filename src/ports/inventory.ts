import type { FactsChange, HostFacts } from '../core/facts.ts';

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
   * Writes the change and a fresh revision beside the derived status, and returns the facts as they are now. MUST write
   * nothing and return undefined unless the row still exists at `facts.revision` (or still has none).
   */
  write(facts: HostFacts, change: FactsChange, now: number): Promise<HostFacts | undefined>;
}
