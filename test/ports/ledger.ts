import type { Ledger, LedgerEntry } from '../../src/ports/ledger.ts';
import type { Progress } from '../../src/ports/progress.ts';

/** The ledger in memory, with the counters and the cursor that share its table. */
export class MemoryLedger implements Ledger, Progress {
  readonly entries = new Map<string, LedgerEntry>();
  readonly counted = new Map<string, number>();
  cursor: string | undefined;
  limitedOn: string | undefined;

  record: Ledger['record'] = (entry) => {
    if (!this.entries.has(entry.certificateArn)) this.entries.set(entry.certificateArn, entry);
    return Promise.resolve();
  };

  get: Ledger['get'] = (arn) => Promise.resolve(this.entries.get(arn));

  getMany: Ledger['getMany'] = (arns) => Promise.resolve(arns.flatMap((arn) => this.entries.get(arn) ?? []));

  ofHost: Ledger['ofHost'] = (hostId) =>
    Promise.resolve(
      [...this.entries.values()]
        .filter((entry) => entry.hostId === hostId)
        .reverse()
        .sort((a, b) => b.issuedAt - a.issuedAt)
        .slice(0, 20),
    );

  note: Ledger['note'] = (arn, outcome, outcomeAt) => this.#change(arn, { outcome, outcomeAt });

  noteRevoked: Ledger['noteRevoked'] = (arn, revokedAt) => this.#change(arn, { revokedAt });

  countIssuance: Ledger['countIssuance'] = (day) => {
    this.counted.set(day, (this.counted.get(day) ?? 0) + 1);
    return Promise.resolve();
  };

  noteFleetLimit: Ledger['noteFleetLimit'] = (day) => {
    const first = this.limitedOn !== day;
    this.limitedOn = day;
    return Promise.resolve(first);
  };

  issuances: Ledger['issuances'] = (day) =>
    Promise.resolve({
      today: this.counted.get(day) ?? 0,
      total: [...this.counted.values()].reduce((sum, one) => sum + one, 0),
    });

  load: Progress['load'] = () => Promise.resolve(this.cursor);

  save: Progress['save'] = (after) => {
    this.cursor = after;
    return Promise.resolve();
  };

  #change(arn: string, changes: Partial<LedgerEntry>): Promise<void> {
    const entry = this.entries.get(arn);
    if (entry !== undefined) this.entries.set(arn, { ...entry, ...changes });
    return Promise.resolve();
  }
}
