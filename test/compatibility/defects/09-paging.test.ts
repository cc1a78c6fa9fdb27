/** The sample read the table without paging: beyond 1 MB hosts were forgotten. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamodbService } from '../../../local-aws/services/dynamodb/index.ts';
import { dynamodbInventory } from '../../../src/aws/dynamodb-inventory.ts';
import { randomIdentifiers } from '../../../src/aws/random-identifiers.ts';
import type { HostFacts } from '../../../src/core/facts.ts';
import type { Inventory, Page } from '../../../src/ports/inventory.ts';
import { CA, DEFAULTS } from '../../builders/facts.ts';
import { startPlatform } from '../../local-aws/start-platform.ts';
import type { StartedPlatform } from '../../local-aws/start-platform.ts';

/** 250 rows of 8 KB: two megabytes, and more than two pages of what is due. */
const IDS = Array.from({ length: 250 }, (_, index) => `mi-${String(index).padStart(17, '0')}`);
let aws: StartedPlatform;
let client: DynamoDBClient;
let inventory: Inventory;

beforeAll(async () => {
  aws = await startPlatform((platform, { streams }) => [createDynamodbService(platform, streams)]);
  client = new DynamoDBClient(aws.client);
  await aws.create('AWS::DynamoDB::Table', {
    TableName: 'certificates',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['hostID', 'checkShard', 'nextCheckAt'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [{ AttributeName: 'hostID', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'due',
        KeySchema: [
          { AttributeName: 'checkShard', KeyType: 'HASH' },
          { AttributeName: 'nextCheckAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  });
  for (let from = 0; from < IDS.length; from += 25) {
    const puts = IDS.slice(from, from + 25).map((hostID, index) => {
      const due = { checkShard: String(index % 4), nextCheckAt: '2026-01-01T00:00:00Z' };
      return { PutRequest: { Item: marshall({ hostID, notes: 'x'.repeat(8_000), ...due }) } };
    });
    await client.send(new BatchWriteItemCommand({ RequestItems: { certificates: puts } }));
  }
  const table = { table: 'certificates', dueIndex: 'due', defaults: DEFAULTS, issuer: CA };
  inventory = dynamodbInventory(client, randomIdentifiers, table);
});
afterAll(async () => {
  client.destroy();
  await aws.gateway.close();
});

async function everyPage(
  read: (after: string | undefined) => Promise<Page<HostFacts>>,
): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    const { items, next } = await read(after);
    ids.push(...items.map(({ hostId }) => hostId));
    pages += 1;
    after = next;
  } while (after !== undefined);
  return { ids: ids.sort(), pages };
}

describe('defect 9: the table is read without paging', () => {
  it('the reconcile sees every row of a table over 1 MB', async () => {
    const { ids, pages } = await everyPage((after) => inventory.all(after));
    expect(pages).toBeGreaterThan(1);
    expect(ids).toEqual(IDS);
  });

  it('a tick sees everything that is due', async () => {
    const { ids, pages } = await everyPage((after) => inventory.due(1_800_000_000, after));
    expect(pages).toBeGreaterThan(1);
    expect(ids).toEqual(IDS);
  });
});
