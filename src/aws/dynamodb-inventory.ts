import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, DynamoDBClient, QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { CertvendError } from '../core/errors.ts';
import { applyChange } from '../core/facts.ts';
import type { HostDefaults, HostFacts } from '../core/facts.ts';
import { isoTime } from '../core/time.ts';
import type { Identifiers } from '../ports/identifiers.ts';
import type { Inventory, Page } from '../ports/inventory.ts';
import { CHECK_SHARDS, readRow, writeRow } from './inventory-row.ts';
import { calling, translate } from './sdk-errors.ts';
import { updateExpression } from './update-expression.ts';

type Item = Record<string, AttributeValue>;

/** BatchGetItem takes 100 keys (DynamoDB API reference). */
const DUE_PAGE = 100;
const SCAN_PAGE = 500;
const BATCH_TRIES = 5;

export interface InventoryTable {
  readonly table: string;
  readonly dueIndex: string;
  readonly defaults: HostDefaults;
  readonly issuer: string;
}

export function dynamodbInventory(
  client: DynamoDBClient,
  identifiers: Identifiers,
  { table, dueIndex, defaults, issuer }: InventoryTable,
): Inventory {
  const factsOf = (item: Item): HostFacts => readRow(unmarshall(item), defaults, issuer);

  async function get(hostId: string): Promise<HostFacts | undefined> {
    const command = new GetItemCommand({
      TableName: table,
      Key: marshall({ hostID: hostId }),
      ConsistentRead: true,
    });
    const { Item } = await calling('GetItem', () => client.send(command));
    return Item === undefined ? undefined : factsOf(Item);
  }

  async function due(now: number, after: string | undefined): Promise<Page<HostFacts>> {
    const keys: Item[] = [];
    let cursor: Cursor = after === undefined ? { shard: 0 } : readCursor(after);
    // Over the shards until a page is full: a few due hosts are one page, and so one look at their agents.
    while (keys.length < DUE_PAGE && CHECK_SHARDS[cursor.shard] !== undefined) {
      const { Items = [], LastEvaluatedKey } = await queryDue(now, cursor, DUE_PAGE - keys.length);
      keys.push(...Items.flatMap(({ hostID }) => (hostID === undefined ? [] : [{ hostID }])));
      cursor =
        LastEvaluatedKey === undefined
          ? { shard: cursor.shard + 1 }
          : { shard: cursor.shard, key: LastEvaluatedKey };
    }
    const items = (await batchGet(keys)).map(factsOf);
    const more = CHECK_SHARDS[cursor.shard] !== undefined;
    return { items, ...(more ? { next: JSON.stringify(cursor) } : {}) };
  }

  function queryDue(now: number, { shard, key }: Cursor, limit: number): Promise<QueryCommandOutput> {
    const query = new QueryCommand({
      TableName: table,
      IndexName: dueIndex,
      KeyConditionExpression: 'checkShard = :shard AND nextCheckAt <= :now',
      ExpressionAttributeValues: marshall({ ':shard': CHECK_SHARDS[shard], ':now': isoTime(now) }),
      Limit: limit,
      ...(key === undefined ? {} : { ExclusiveStartKey: key }),
    });
    return calling('Query', () => client.send(query));
  }

  async function batchGet(keys: readonly Item[]): Promise<Item[]> {
    const found: Item[] = [];
    let open = [...keys];
    for (let tries = 0; tries < BATCH_TRIES && open.length > 0; tries += 1) {
      const command = new BatchGetItemCommand({
        RequestItems: { [table]: { Keys: open, ConsistentRead: true } },
      });
      const { Responses, UnprocessedKeys } = await calling('BatchGetItem', () => client.send(command));
      found.push(...(Responses?.[table] ?? []));
      open = UnprocessedKeys?.[table]?.Keys ?? [];
    }
    // What is still open stays due and is found by the next tick.
    return found;
  }

  async function all(after: string | undefined): Promise<Page<HostFacts>> {
    const start = after === undefined ? {} : { ExclusiveStartKey: marshall({ hostID: after }) };
    const command = new ScanCommand({ TableName: table, ConsistentRead: true, Limit: SCAN_PAGE, ...start });
    const { Items = [], LastEvaluatedKey } = await calling('Scan', () => client.send(command));
    const next = LastEvaluatedKey?.['hostID']?.S;
    return { items: Items.map(factsOf), ...(next === undefined ? {} : { next }) };
  }

  const write: Inventory['write'] = async (facts, change, now) => {
    const revision = identifiers.newRevision();
    const { set, remove } = writeRow(facts, change, revision, now);
    const unchanged =
      facts.revision === undefined ? 'attribute_not_exists(#revisionRead)' : '#revisionRead = :revisionRead';
    const update = updateExpression(set, remove);
    const command = new UpdateItemCommand({
      TableName: table,
      Key: marshall({ hostID: facts.hostId }),
      UpdateExpression: update.expression,
      ConditionExpression: `attribute_exists(hostID) AND ${unchanged}`,
      ExpressionAttributeNames: { ...update.names, '#revisionRead': 'revision' },
      ExpressionAttributeValues: {
        ...update.values,
        ...(facts.revision === undefined ? {} : marshall({ ':revisionRead': facts.revision })),
      },
    });
    try {
      await client.send(command);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw translate('UpdateItem', error);
    }
    return { ...applyChange(facts, change), revision };
  };

  return { get, due, all, write };
}

interface Cursor {
  readonly shard: number;
  readonly key?: Item;
}

function readCursor(text: string): Cursor {
  const cursor: unknown = JSON.parse(text);
  if (
    typeof cursor === 'object' &&
    cursor !== null &&
    'shard' in cursor &&
    typeof cursor.shard === 'number'
  ) {
    // Written by `due` alone; the service checks the key again.
    return cursor as Cursor;
  }
  throw new CertvendError('InvalidMessage', 'the cursor of the due index is not one of ours');
}
