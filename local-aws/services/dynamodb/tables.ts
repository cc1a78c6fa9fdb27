/** Tables as the template declares them (AWS::DynamoDB::Table), and what dynalite does not keep about them. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { parseStrictly } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { JsonObject, Platform, ResourceType } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';
import type { Engine } from './engine.ts';
import type { Streams } from './streams.ts';

const keySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const projection = z.strictObject({
  ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
  NonKeyAttributes: z.array(z.string()).optional(),
});
const throughput = z.strictObject({ ReadCapacityUnits: z.number(), WriteCapacityUnits: z.number() });
const index = z.strictObject({
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: projection,
  ProvisionedThroughput: throughput.optional(),
});
const properties = z.strictObject({
  TableName: z.string().optional(),
  KeySchema: keySchema,
  AttributeDefinitions: z.array(
    z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  GlobalSecondaryIndexes: z.array(index).optional(),
  LocalSecondaryIndexes: z.array(index.omit({ ProvisionedThroughput: true })).optional(),
  BillingMode: z.enum(['PAY_PER_REQUEST', 'PROVISIONED']).optional(),
  ProvisionedThroughput: throughput.optional(),
  StreamSpecification: z
    .strictObject({ StreamViewType: z.enum(['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES']) })
    .optional(),
  PointInTimeRecoverySpecification: z
    .strictObject({
      PointInTimeRecoveryEnabled: z.boolean(),
      RecoveryPeriodInDays: z.number().int().optional(),
    })
    .optional(),
  DeletionProtectionEnabled: z.boolean().optional(),
  SSESpecification: z
    .strictObject({
      SSEEnabled: z.boolean(),
      SSEType: z.literal('KMS').optional(),
      KMSMasterKeyId: z.string().optional(),
    })
    .optional(),
  TimeToLiveSpecification: z
    .strictObject({ AttributeName: z.string().optional(), Enabled: z.boolean() })
    .optional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
});

export interface Table {
  readonly name: string;
  readonly arn: string;
  readonly id: string;
  readonly keyNames: readonly string[];
  readonly streamArn: string | undefined;
  readonly streamLabel: string;
  readonly streamViewType: string | undefined;
  readonly deletionProtection: boolean;
  ttlAttribute: string | undefined;
  /** Encoded key → epoch seconds after which the item is gone; only items that have a time to live. */
  readonly expiries: Map<string, { readonly key: JsonObject; readonly at: number }>;
}

export interface Tables {
  /** By name or ARN. */
  find(nameOrArn: string): Table;
  readonly resource: ResourceType;
}

export function createTables(platform: Platform, engine: Engine, streams: Streams): Tables {
  const tables = new Map<string, Table>();

  function register(name: string, given: z.infer<typeof properties>): Table {
    const arn = `arn:${platform.partition}:dynamodb:${platform.region}:${platform.accountId}:table/${name}`;
    const streamLabel = new Date(platform.clock.now()).toISOString().replace('Z', '');
    const viewType = given.StreamSpecification?.StreamViewType;
    const ttl = given.TimeToLiveSpecification;
    const table: Table = {
      name,
      arn,
      id: randomUUID(),
      keyNames: given.KeySchema.map((key) => key.AttributeName),
      streamArn: viewType === undefined ? undefined : `${arn}/stream/${streamLabel}`,
      streamLabel,
      streamViewType: viewType,
      deletionProtection: given.DeletionProtectionEnabled ?? false,
      ttlAttribute: ttl?.Enabled === true ? ttl.AttributeName : undefined,
      expiries: new Map(),
    };
    if (table.streamArn !== undefined && viewType !== undefined) streams.create(table.streamArn, viewType);
    tables.set(name, table);
    return table;
  }

  return {
    find(nameOrArn) {
      const found = tables.get(nameOrArn.split(':table/').at(-1) ?? nameOrArn);
      if (found !== undefined) return found;
      throw new AwsError(
        'ResourceNotFoundException',
        `Requested resource not found: Table: ${nameOrArn} not found`,
      );
    },
    async resource(input, context) {
      const given = parseStrictly(properties, input);
      const name = given.TableName ?? generatedName(context, 255);
      await engine.run('CreateTable', createInput(name, given));
      // dynalite makes the table active on its next timer tick.
      while (!(await isActive(engine, name))) await new Promise((resolve) => setTimeout(resolve, 1));
      const table = register(name, given);
      return {
        ref: name,
        attributes: {
          Arn: table.arn,
          ...(table.streamArn === undefined ? {} : { StreamArn: table.streamArn }),
        },
      };
    },
  };
}

/** dynalite always bills by provisioned throughput in its store; the number is not used for anything. */
function createInput(name: string, given: z.infer<typeof properties>): JsonObject {
  const onDemand = given.BillingMode === 'PAY_PER_REQUEST';
  const capacity = onDemand ? {} : { ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 } };
  const clean: unknown = {
    TableName: name,
    KeySchema: given.KeySchema,
    AttributeDefinitions: given.AttributeDefinitions,
    ...(onDemand ? { BillingMode: 'PAY_PER_REQUEST' } : {}),
    ...capacity,
    ...(given.ProvisionedThroughput === undefined
      ? {}
      : { ProvisionedThroughput: given.ProvisionedThroughput }),
    ...(given.LocalSecondaryIndexes === undefined
      ? {}
      : { LocalSecondaryIndexes: given.LocalSecondaryIndexes }),
    ...(given.GlobalSecondaryIndexes === undefined
      ? {}
      : { GlobalSecondaryIndexes: given.GlobalSecondaryIndexes.map((one) => ({ ...capacity, ...one })) }),
  };
  // A copy through JSON drops members that are undefined, which dynalite takes for given.
  return JSON.parse(JSON.stringify(clean)) as JsonObject;
}

async function isActive(engine: Engine, name: string): Promise<boolean> {
  const { Table: described } = await engine.run('DescribeTable', { TableName: name });
  return JSON.stringify(described).includes('"TableStatus":"ACTIVE"');
}
