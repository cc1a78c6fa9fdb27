/** DynamoDB: dynalite in process, behind an allow-list of operations and parameters, with streams and time to live added. */
import { z } from 'zod';
import { awsJson } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import type { JsonObject, Platform, Service } from '../../platform.ts';
import { createEngine } from './engine.ts';
import type { Engine } from './engine.ts';
import {
  asObject,
  batch,
  batchRequests,
  needOn,
  onTable,
  PARAMETERS,
  refuseUnknown,
  timeToLive,
} from './parameters.ts';
import type { Streams } from './streams.ts';
import { createTables } from './tables.ts';
import type { Table } from './tables.ts';
import { createWrites } from './writes.ts';
import type { Writes } from './writes.ts';

export function createDynamodbService(platform: Platform, streams: Streams): Service {
  const engine = createEngine(platform);
  const tables = createTables(platform, engine, streams);
  const writes = createWrites({ engine, streams, clock: platform.clock });

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
        const requested = batch(input, PARAMETERS.BatchGetItem, tables);
        access.authorize(caller, needOn(requested, 'dynamodb:BatchGetItem'));
        for (const { table } of requested) await writes.expire(table);
        return engine.run('BatchGetItem', input);
      },
    },
    BatchWriteItem: {
      async run(input, caller, access) {
        const requested = batch(input, PARAMETERS.BatchWriteItem, tables);
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
      // dynalite still says the on-demand mode with the name that it had before it was public.
      const { TableThroughputModeSummary: mode, ...rest } = asObject(described) ?? {};
      const billing = mode === undefined ? {} : { BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } };
      return { Table: { ...rest, ...billing, ...describeMore(table) } };
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
    rest: {
      resources: {
        'AWS::DynamoDB::Table': async (input, context) => {
          const created = await tables.resource(input, context);
          await carryOver(platform, engine, writes, tables.find(created.ref));
          return created;
        },
      },
      close: () => engine.close(),
    },
  });
}

const page = z.object({
  Items: z.array(z.record(z.string(), z.json())),
  LastEvaluatedKey: z.record(z.string(), z.json()).optional(),
});

/** Fills a new table with the items of the run before, and keeps what it will hold. */
async function carryOver(platform: Platform, engine: Engine, writes: Writes, table: Table): Promise<void> {
  const name = `dynamodb/${table.name}`;
  for (const Item of platform.kept?.take(name, page.shape.Items) ?? []) {
    await writes.write('PutItem', table, { TableName: table.name, Item });
  }
  platform.kept?.keep(name, async () => {
    const items: JsonObject[] = [];
    let after: JsonObject | undefined;
    do {
      const start = after === undefined ? {} : { ExclusiveStartKey: after };
      const scanned = page.parse(await engine.run('Scan', { TableName: table.name, ...start }));
      items.push(...scanned.Items);
      after = scanned.LastEvaluatedKey;
    } while (after !== undefined);
    return items;
  });
}

function describeMore(table: Table): JsonObject {
  return {
    TableArn: table.arn,
    TableId: table.id,
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
