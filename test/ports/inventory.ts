import { applyChange } from '../../src/core/facts.ts';
import type { HostDefaults, HostFacts } from '../../src/core/facts.ts';
import { isoTime } from '../../src/core/time.ts';
import { readRow, writeRow } from '../../src/aws/inventory-row.ts';
import type { Row } from '../../src/aws/inventory-row.ts';
import type { Inventory } from '../../src/ports/inventory.ts';

const DUE_PAGE = 100;

/** The table in memory: rows as people and DynamoDB see them, so that overwriting one has the effects it has there. */
export class MemoryInventory implements Inventory {
  readonly rows = new Map<string, Row>();
  /** Called after each change, as the stream is. */
  onChange: (before: Row | undefined, after: Row | undefined) => void = () => undefined;
  pageSize = 500;
  #revisions = 0;
  /** Rows are never changed in place, so each is read once. */
  readonly #read = new WeakMap<Row, { readonly defaults: HostDefaults; readonly facts: HostFacts }>();
  readonly #defaults: () => HostDefaults;
  readonly #issuer: string;

  constructor(defaults: () => HostDefaults, issuer: string) {
    this.#defaults = defaults;
    this.#issuer = issuer;
  }

  /** What an administrator does with PutItem; an update is a row made from the one before. */
  put(row: Row): void {
    this.#store(String(row['hostID']), row);
  }

  update(hostId: string, changes: Row, remove: readonly string[] = []): void {
    const kept = Object.entries(this.rows.get(hostId) ?? { hostID: hostId });
    this.put({ ...Object.fromEntries(kept.filter(([name]) => !remove.includes(name))), ...changes });
  }

  delete(hostId: string): void {
    this.#store(hostId, undefined);
  }

  facts(row: Row): HostFacts {
    const defaults = this.#defaults();
    const read = this.#read.get(row);
    if (read?.defaults === defaults) return read.facts;
    const facts = readRow(row, defaults, this.#issuer);
    this.#read.set(row, { defaults, facts });
    return facts;
  }

  get: Inventory['get'] = (hostId) => {
    const row = this.rows.get(hostId);
    return Promise.resolve(row === undefined ? undefined : this.facts(row));
  };

  due: Inventory['due'] = (now, after) => {
    const found = [...this.rows.values()]
      .filter(
        ({ checkShard, nextCheckAt }) => typeof checkShard === 'string' && typeof nextCheckAt === 'string',
      )
      .filter(({ nextCheckAt }) => String(nextCheckAt) <= isoTime(now))
      .map((row) => ({ key: `${String(row['nextCheckAt'])} ${String(row['hostID'])}`, row }))
      .filter(({ key }) => after === undefined || key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const page = found.slice(0, DUE_PAGE);
    const next = found.length > DUE_PAGE ? page.at(-1)?.key : undefined;
    const items = page.map(({ row }) => this.facts(row));
    return Promise.resolve(next === undefined ? { items } : { items, next });
  };

  all: Inventory['all'] = (after) => {
    const ids = [...this.rows.keys()].sort().filter((id) => after === undefined || id > after);
    const page = ids.slice(0, this.pageSize);
    const items = page.map((id) => this.facts(this.rows.get(id) ?? {}));
    const next = ids.length > this.pageSize ? page.at(-1) : undefined;
    return Promise.resolve(next === undefined ? { items } : { items, next });
  };

  write: Inventory['write'] = (facts, change, now) => {
    const row = this.rows.get(facts.hostId);
    if (row === undefined || row['revision'] !== facts.revision) return Promise.resolve(undefined);
    this.#revisions += 1;
    const revision = `revision-${String(this.#revisions)}`;
    const { set, remove } = writeRow(facts, change, revision, now);
    this.update(facts.hostId, set, remove);
    return Promise.resolve({ ...applyChange(facts, change), revision });
  };

  #store(hostId: string, row: Row | undefined): void {
    const before = this.rows.get(hostId);
    if (row === undefined) this.rows.delete(hostId);
    else this.rows.set(hostId, row);
    this.onChange(before, row);
  }
}
