/** DynamoDB: dynalite in process, behind an allow-list of operations and parameters, with streams and time to live added. */
import { z } from 'zod';
import { awsJson } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { Authorization, Json, JsonObject, Platform, Service } from '../../platform.ts';
import { createEngine } from './engine.ts';
import type { Streams } from './streams.ts';
import { createTables } from './tables.ts';
import type { Table, Tables } from './tables.ts';
import { createWrites } from './writes.ts';

export function createDynamodbService(platform: Platform, streams: Streams): Service {
  const engine = createEngine(platform);
  const tables = createTables(platform, engine, streams);
  const writes = createWrites({ engine, streams, clock: platform.clock });
  const { find } = tables;

  const write = (action: 'PutItem' | 'UpdateItem' | 'DeleteItem'): Operation =>
    onTable(PARAMETERS[action], tables, `dynamodb:${action}`, async (table, input) => {
      await writes.expire(table);
      return writes.write(action, table, input);
    });
  const read = (action: 'GetItem' | 'Query' | 'Scan'): Operation =>
    onTable(PARAMETERS[action], tables, `dynamodb:${action}`, async (table, input) => {
      await writes.expire(table);
      return engine.run(action, input);
    });

  const operations: Record<string, Operation> = {
    PutItem: write('PutItem'),
    UpdateItem: write('UpdateItem'),
    DeleteItem: write('DeleteItem'),
    GetItem: read('GetItem'),
    Query: read('Query'),
    Scan: read('Scan'),
    BatchGetItem: {
      async run(input, caller, access) {
        const requested = batch(input, PARAMETERS.BatchGetItem, find);
        access.authorize(caller, needOn(requested, 'dynamodb:BatchGetItem'));
        for (const { table } of requested) await writes.expire(table);
        return engine.run('BatchGetItem', input);
      },
    },
    BatchWriteItem: {
      async run(input, caller, access) {
        const requested = batch(input, PARAMETERS.BatchWriteItem, find);
        access.authorize(caller, needOn(requested, 'dynamodb:BatchWriteItem'));
        engine.checkBatchWrite(input);
        for (const { table, value } of requested) {
          for (const request of batchRequests.parse(value)) {
            const { PutRequest: put, DeleteRequest: del } = request;
            if (put !== undefined)
              await writes.write('PutItem', table, { TableName: table.name, Item: put.Item });
            if (del !== undefined)
              await writes.write('DeleteItem', table, { TableName: table.name, Key: del.Key });
          }
        }
        return { UnprocessedItems: {} };
      },
    },
    DescribeTable: onTable(['TableName'], tables, 'dynamodb:DescribeTable', async (table) => {
      const { Table: described } = await engine.run('DescribeTable', { TableName: table.name });
      return { Table: { ...asObject(described), ...describeMore(table) } };
    }),
    DescribeTimeToLive: onTable(['TableName'], tables, 'dynamodb:DescribeTimeToLive', (table) => ({
      TimeToLiveDescription:
        table.ttlAttribute === undefined
          ? { TimeToLiveStatus: 'DISABLED' }
          : { TimeToLiveStatus: 'ENABLED', AttributeName: table.ttlAttribute },
    })),
    UpdateTimeToLive: onTable(
      ['TableName', 'TimeToLiveSpecification'],
      tables,
      'dynamodb:UpdateTimeToLive',
      (table, input) => {
        const given = timeToLive.parse(input['TimeToLiveSpecification']);
        table.ttlAttribute = given.Enabled ? given.AttributeName : undefined;
        return { TimeToLiveSpecification: { ...given } };
      },
    ),
    ListTables: {
      async run(input, caller, access) {
        refuseUnknown(input, ['ExclusiveStartTableName', 'Limit']);
        access.authorize(caller, [{ action: 'dynamodb:ListTables', resource: '*' }]);
        return engine.run('ListTables', input);
      },
    },
  };

  return awsJson({
    scope: 'dynamodb',
    targetPrefix: 'DynamoDB_20120810',
    operations,
    access: platform.access,
    rest: { resources: { 'AWS::DynamoDB::Table': tables.resource }, close: () => engine.close() },
  });
}

const EXPRESSIONS = ['ExpressionAttributeNames', 'ExpressionAttributeValues', 'ReturnConsumedCapacity'];
const WRITE = [
  'TableName',
  'ConditionExpression',
  'ReturnValues',
  'ReturnItemCollectionMetrics',
  'ReturnValuesOnConditionCheckFailure',
  ...EXPRESSIONS,
];
const READ = ['TableName', 'ConsistentRead', 'ProjectionExpression', ...EXPRESSIONS];
const SEARCH = [...READ, 'IndexName', 'Select', 'Limit', 'FilterExpression', 'ExclusiveStartKey'];
const PARAMETERS = {
  PutItem: ['Item', ...WRITE],
  UpdateItem: ['Key', 'UpdateExpression', ...WRITE],
  DeleteItem: ['Key', ...WRITE],
  GetItem: ['Key', ...READ],
  Query: ['KeyConditionExpression', 'ScanIndexForward', ...SEARCH],
  Scan: ['Segment', 'TotalSegments', ...SEARCH],
  BatchGetItem: ['RequestItems', 'ReturnConsumedCapacity'],
  BatchWriteItem: ['RequestItems', 'ReturnConsumedCapacity', 'ReturnItemCollectionMetrics'],
} as const;

const timeToLive = z.strictObject({ Enabled: z.boolean(), AttributeName: z.string() });
const item = z.record(z.string(), z.json());
const batchRequests = z.array(
  z.strictObject({
    PutRequest: z.strictObject({ Item: item }).optional(),
    DeleteRequest: z.strictObject({ Key: item }).optional(),
  }),
);

/** The older, expression-less parameters (Expected, KeyConditions, …) are refused too: nobody should start to use them. */
function refuseUnknown(input: JsonObject, known: readonly string[]): void {
  for (const name of Object.keys(input)) {
    if (!known.includes(name)) {
      throw new AwsError('ValidationException', `parameter ${name} is not supported by the local AWS`);
    }
  }
}

function onTable(
  parameters: readonly string[],
  tables: Tables,
  action: string,
  run: (table: Table, input: JsonObject) => Promise<JsonObject> | JsonObject,
): Operation {
  return {
    async run(input, caller, access) {
      refuseUnknown(input, parameters);
      const table = tables.find(String(input['TableName']));
      const index = input['IndexName'];
      const resource = typeof index === 'string' ? `${table.arn}/index/${index}` : table.arn;
      access.authorize(caller, [{ action, resource }]);
      // Clients may name the table by its ARN; dynalite knows names only.
      return run(table, { ...input, TableName: table.name });
    },
  };
}

interface BatchPart {
  readonly table: Table;
  readonly value: Json;
}

function batch(input: JsonObject, parameters: readonly string[], find: Tables['find']): BatchPart[] {
  refuseUnknown(input, parameters);
  return Object.entries(asObject(input['RequestItems']) ?? {}).map(([name, value]) => ({
    table: find(name),
    value,
  }));
}

function needOn(parts: readonly BatchPart[], action: string): Authorization[] {
  return parts.map(({ table }) => ({ action, resource: table.arn }));
}

function describeMore(table: Table): JsonObject {
  return {
    TableArn: table.arn,
    DeletionProtectionEnabled: table.deletionProtection,
    ...(table.streamArn === undefined || table.streamViewType === undefined
      ? {}
      : {
          StreamSpecification: { StreamEnabled: true, StreamViewType: table.streamViewType },
          LatestStreamArn: table.streamArn,
          LatestStreamLabel: table.streamLabel,
        }),
  };
}

function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
