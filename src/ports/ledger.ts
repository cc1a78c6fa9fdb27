/** Every certificate that certvend ever asked for. */
export interface LedgerEntry {
  readonly certificateArn: string;
  readonly hostId: string;
  readonly attempt: string;
  readonly serial: string;
  readonly publicKeyHash: string;
  readonly issuedAt: number;
  /** As asked; the exact one stands in the certificate. */
  readonly notAfter: number;
  readonly requestHash: string;
  readonly outcome: Outcome;
  readonly outcomeAt: number;
  readonly revokedAt?: number;
}

/** What became of a certificate. */
export type Outcome = 'issued' | 'deployed' | 'superseded' | 'orphaned';

export interface IssuanceCounts {
  readonly today: number;
  /** Of this CA, since it exists. */
  readonly total: number;
}

export interface Ledger {
  /** Stores a new entry; one that exists already stays as it is. */
  record(entry: LedgerEntry): Promise<void>;
  get(certificateArn: string): Promise<LedgerEntry | undefined>;
  /** At most 1,000 at a time; unknown ARNs are left out. */
  getMany(certificateArns: readonly string[]): Promise<readonly LedgerEntry[]>;
  /** The newest entries of a host first, at most 20. */
  ofHost(hostId: string): Promise<readonly LedgerEntry[]>;
  /** Notes what became of a certificate; an unknown ARN is left alone. */
  note(certificateArn: string, outcome: Outcome, now: number): Promise<void>;
  noteRevoked(certificateArn: string, revokedAt: number): Promise<void>;
  /** Adds one to the issuances asked for on a UTC day. */
  countIssuance(day: string): Promise<void>;
  issuances(day: string): Promise<IssuanceCounts>;
  /** Notes that the limit of the day refused hosts; true when it is the first time on that day. */
  noteFleetLimit(day: string): Promise<boolean>;
}
