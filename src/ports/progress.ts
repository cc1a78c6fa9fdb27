/** A cursor: the whole table is still to be looked at. */
export const FROM_START = '';

/** Where a reconcile that ran out of time goes on. */
export interface Progress {
  load(): Promise<string | undefined>;
  /** undefined: it has reached the end of the table. */
  save(after: string | undefined): Promise<void>;
}
