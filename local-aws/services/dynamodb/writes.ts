/**
 * Writes, one at a time per table: the item is read before and after, and the difference goes to the stream. That is also
 * where items with a time to live are noted, and where ReturnValuesOnConditionCheckFailure (unknown to dynalite) is added.
 */
import { AwsError } from '../../platform.ts';
import type { Clock, JsonObject } from '../../platform.ts';
import type { Engine } from './engine.ts';
import { asObject } from './parameters.ts';
import type { Streams } from './streams.ts';
import type { Table } from './tables.ts';

export interface Writes {
  write(
    action: 'PutItem' | 'UpdateItem' | 'DeleteItem',
    table: Table,
    input: JsonObject,
  ): Promise<JsonObject>;
  /** Deletes what has outlived its time to live. To be called before anything reads or writes the table. */
  expire(table: Table): Promise<void>;
}

export function createWrites(parts: { engine: Engine; streams: Streams; clock: Clock }): Writes {
  const { engine, streams, clock } = parts;
  const tails = new Map<string, Promise<unknown>>();

  function inTurn<T>(table: Table, run: () => Promise<T>): Promise<T> {
    const turn = (tails.get(table.name) ?? Promise.resolve()).then(run, run);
    tails.set(table.name, turn);
    return turn;
  }

  async function read(table: Table, key: JsonObject): Promise<JsonObject | undefined> {
    const { Item: item } = await engine.run('GetItem', {
      TableName: table.name,
      Key: key,
      ConsistentRead: true,
    });
    return asObject(item);
  }

  async function writeInTurn(
    action: 'PutItem' | 'UpdateItem' | 'DeleteItem',
    table: Table,
    input: JsonObject,
    expired = false,
  ): Promise<JsonObject> {
    const { ReturnValuesOnConditionCheckFailure: returned, ...known } = input;
    const given = asObject(action === 'PutItem' ? known['Item'] : known['Key']) ?? {};
    const keys: JsonObject = {};
    for (const name of table.keyNames) if (given[name] !== undefined) keys[name] = given[name];
    // A malformed key is dynalite's to refuse, with the message that clients expect.
    const complete = table.keyNames.every((name) => keys[name] !== undefined);
    const oldImage = complete ? await read(table, keys).catch(() => undefined) : undefined;
    const output = await engine.run(action, known).catch((error: unknown) => {
      throw returned === 'ALL_OLD' && oldImage !== undefined ? withItem(error, oldImage) : error;
    });
    const newImage = action === 'DeleteItem' ? undefined : await read(table, keys);
    noteExpiry(table, keys, newImage, clock.now());
    if (table.streamArn !== undefined) streams.append(table.streamArn, { keys, oldImage, newImage, expired });
    return output;
  }

  return {
    write: (action, table, input) => inTurn(table, () => writeInTurn(action, table, input)),
    async expire(table) {
      const now = clock.now() / 1000;
      const over = [...table.expiries.values()].filter(({ at }) => at < now);
      if (over.length === 0) return;
      await inTurn(table, async () => {
        for (const { key } of over) {
          const encoded = JSON.stringify(key);
          const noted = table.expiries.get(encoded);
          // The item may have got a new life while this waited for its turn.
          if (noted !== undefined && noted.at < now) {
            await writeInTurn('DeleteItem', table, { TableName: table.name, Key: key }, true);
          }
        }
      });
    },
  };
}

const FIVE_YEARS_S = 5 * 365 * 24 * 3600;

function noteExpiry(table: Table, key: JsonObject, item: JsonObject | undefined, now: number): void {
  const encoded = JSON.stringify(key);
  const attribute = table.ttlAttribute === undefined ? undefined : asObject(item?.[table.ttlAttribute]);
  const at = Number(attribute?.['N'] ?? Number.NaN);
  // As in AWS: only a Number counts, and one that lies more than five years back is taken for a mistake.
  if (Number.isNaN(at) || at < now / 1000 - FIVE_YEARS_S) table.expiries.delete(encoded);
  else table.expiries.set(encoded, { key, at });
}

function withItem(error: unknown, item: JsonObject): unknown {
  if (!(error instanceof AwsError) || error.code !== 'ConditionalCheckFailedException') return error;
  return new AwsError(error.code, error.message, error.status, { Item: item });
}
