/** Where new identifiers come from; the only source of chance in the system. */
export interface Identifiers {
  /** A ULID for the time `now`: 26 characters, later ones sort after earlier ones. */
  newAttempt(now: number): string;
  /** A fresh random id for a write. */
  newRevision(): string;
}
