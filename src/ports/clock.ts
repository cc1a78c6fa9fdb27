/** Time as a value: read once per run and passed on. */
export interface Clock {
  /** Whole seconds since the epoch. */
  now(): number;
}
