import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createDynamodbService } from '../../../local-aws/services/dynamodb/index.ts';
import { startPlatform } from '../start-platform.ts';
import type { StartedPlatform } from '../start-platform.ts';

let aws: StartedPlatform;
let client: DynamoDBClient;
let streamArn: string;

beforeAll(async () => {
  aws = await startPlatform((platform, { streams }) => [createDynamodbService(platform, streams)]);
  client = new DynamoDBClient(aws.client);
  const created = await aws.create('AWS::DynamoDB::Table', {
    TableName: 'certificates',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'hostID', AttributeType: 'S' },
      { AttributeName: 'checkShard', AttributeType: 'S' },
      { AttributeName: 'nextCheckAt', AttributeType: 'S' },
    ],
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
    StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    TimeToLiveSpecification: { AttributeName: 'deleteAt', Enabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    DeletionProtectionEnabled: true,
    SSESpecification: { SSEEnabled: true },
  });
  streamArn = created.attributes['StreamArn'] ?? '';
});

afterAll(async () => {
  client.destroy();
  await aws.gateway.close();
});

const key = (id: string): { hostID: { S: string } } => ({ hostID: { S: id } });
const table = { TableName: 'certificates' };

test('a stream tells inserts, changes and removals in order and keeps silent about writes that change nothing', async () => {
  let woken = 0;
  const stop = aws.streams.onAppend(streamArn, () => (woken += 1));
  await client.send(new PutItemCommand({ ...table, Item: key('mi-1') }));
  await client.send(new PutItemCommand({ ...table, Item: key('mi-1') }));
  await client.send(
    new UpdateItemCommand({
      ...table,
      Key: key('mi-1'),
      UpdateExpression: 'SET serial = :s',
      ExpressionAttributeValues: { ':s': { S: '0A' } },
    }),
  );
  await client.send(
    new BatchWriteItemCommand({ RequestItems: { certificates: [{ DeleteRequest: { Key: key('mi-1') } }] } }),
  );
  stop();
  const records = aws.streams.read(streamArn, undefined, 10);
  expect(records.map((record) => record['eventName'])).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
  expect(woken).toBe(3);
  expect(records[1]).toMatchObject({
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    eventSourceARN: streamArn,
    dynamodb: {
      Keys: key('mi-1'),
      OldImage: key('mi-1'),
      NewImage: { ...key('mi-1'), serial: { S: '0A' } },
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  });
  const after = z.object({ dynamodb: z.object({ SequenceNumber: z.string() }) }).parse(records[0]).dynamodb;
  expect(aws.streams.read(streamArn, after.SequenceNumber, 1)).toEqual([records[1]]);
});

test('a failed condition gives back the item on request', async () => {
  await client.send(new PutItemCommand({ ...table, Item: { ...key('mi-2'), revision: { S: 'a' } } }));
  const refused = client.send(
    new DeleteItemCommand({
      ...table,
      Key: key('mi-2'),
      ConditionExpression: 'revision = :r',
      ExpressionAttributeValues: { ':r': { S: 'b' } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
  );
  await expect(refused).rejects.toThrow(ConditionalCheckFailedException);
  await expect(refused).rejects.toMatchObject({ Item: { revision: { S: 'a' } } });
});

test('the sparse index finds what is due', async () => {
  const due = (id: string, at: string): Promise<unknown> =>
    client.send(
      new PutItemCommand({ ...table, Item: { ...key(id), checkShard: { S: '0' }, nextCheckAt: { S: at } } }),
    );
  await Promise.all([due('mi-3', '2026-01-01'), due('mi-4', '2026-01-03'), due('mi-5', '2026-01-02')]);
  const { Items: items } = await client.send(
    new QueryCommand({
      ...table,
      IndexName: 'due',
      KeyConditionExpression: 'checkShard = :s AND nextCheckAt <= :n',
      ExpressionAttributeValues: { ':s': { S: '0' }, ':n': { S: '2026-01-02' } },
    }),
  );
  expect(items?.map((item) => item['hostID']?.S)).toEqual(['mi-3', 'mi-5']);
});

test('an item whose time to live is over is gone as soon as the clock says so', async () => {
  const deleteAt = String(Math.floor(aws.clock.now() / 1000) + 3600);
  await client.send(new PutItemCommand({ ...table, Item: { ...key('mi-6'), deleteAt: { N: deleteAt } } }));
  expect((await client.send(new GetItemCommand({ ...table, Key: key('mi-6') }))).Item).toBeDefined();
  aws.clock.advance(3_602_000);
  expect((await client.send(new GetItemCommand({ ...table, Key: key('mi-6') }))).Item).toBeUndefined();
  const last = aws.streams.read(streamArn, undefined, 100).at(-1);
  expect(last).toMatchObject({
    eventName: 'REMOVE',
    userIdentity: { principalId: 'dynamodb.amazonaws.com' },
  });
});

test('the description of a table has its stream and its real ARN', async () => {
  const { Table: described } = await client.send(new DescribeTableCommand(table));
  expect(described).toMatchObject({
    TableStatus: 'ACTIVE',
    TableArn: 'arn:aws:dynamodb:us-east-1:123456789012:table/certificates',
    LatestStreamArn: streamArn,
    DeletionProtectionEnabled: true,
  });
});

test('what is not supported is refused by name', async () => {
  await expect(
    client.send(new ScanCommand({ ...table, ScanFilter: { a: { ComparisonOperator: 'NULL' } } })),
  ).rejects.toThrow('parameter ScanFilter is not supported');
  await expect(aws.create('AWS::DynamoDB::Table', { ImportSourceSpecification: {} })).rejects.toThrow(
    'ImportSourceSpecification',
  );
  await expect(client.send(new GetItemCommand({ TableName: 'other', Key: key('x') }))).rejects.toThrow(
    'Table: other not found',
  );
});
