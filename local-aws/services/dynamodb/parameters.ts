/** Which parameters the operations take, and how their input names tables. dynalite would drop what it does not know. */
import { z } from 'zod';
import type { Operation } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { Authorization, Json, JsonObject } from '../../platform.ts';
import type { Table, Tables } from './tables.ts';

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
export const PARAMETERS = {
  PutItem: ['Item', ...WRITE],
  UpdateItem: ['Key', 'UpdateExpression', ...WRITE],
  DeleteItem: ['Key', ...WRITE],
  GetItem: ['Key', ...READ],
  Query: ['KeyConditionExpression', 'ScanIndexForward', ...SEARCH],
  Scan: ['Segment', 'TotalSegments', ...SEARCH],
  BatchGetItem: ['RequestItems', 'ReturnConsumedCapacity'],
  BatchWriteItem: ['RequestItems', 'ReturnConsumedCapacity', 'ReturnItemCollectionMetrics'],
} as const;

export const timeToLive = z.strictObject({ Enabled: z.boolean(), AttributeName: z.string() });
const tableName = z.string().catch('(none)');
const item = z.record(z.string(), z.json());
export const batchRequests = z.array(
  z.strictObject({
    PutRequest: z.strictObject({ Item: item }).optional(),
    DeleteRequest: z.strictObject({ Key: item }).optional(),
  }),
);

/** The older, expression-less parameters (Expected, KeyConditions, …) are refused too: nobody should start to use them. */
export function refuseUnknown(input: JsonObject, known: readonly string[]): void {
  for (const name of Object.keys(input)) {
    if (!known.includes(name)) {
      throw new AwsError('ValidationException', `parameter ${name} is not supported by the local AWS`);
    }
  }
}

/** An operation on the one table that its input names. */
export function onTable(
  parameters: readonly string[],
  tables: Tables,
  action: string,
  run: (table: Table, input: JsonObject) => Promise<JsonObject> | JsonObject,
): Operation {
  return {
    async run(input, caller, access) {
      refuseUnknown(input, parameters);
      const table = tables.find(tableName.parse(input['TableName']));
      const index = input['IndexName'];
      const resource = typeof index === 'string' ? `${table.arn}/index/${index}` : table.arn;
      access.authorize(caller, [{ action, resource }]);
      // Clients may name the table by its ARN; dynalite knows names only.
      return run(table, { ...input, TableName: table.name });
    },
  };
}

export interface BatchPart {
  readonly table: Table;
  readonly value: Json;
}

/** The tables of a batch, each with what is asked of it. */
export function batch(input: JsonObject, parameters: readonly string[], tables: Tables): BatchPart[] {
  refuseUnknown(input, parameters);
  return Object.entries(asObject(input['RequestItems']) ?? {}).map(([name, value]) => ({
    table: tables.find(name),
    value,
  }));
}

export function needOn(parts: readonly BatchPart[], action: string): Authorization[] {
  return parts.map(({ table }) => ({ action, resource: table.arn }));
}

export function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
