import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { DAY, isoTime, parseIsoTime, utcDay } from '../core/time.ts';
import type { Ledger, LedgerEntry, Outcome } from '../ports/ledger.ts';
import type { Progress } from '../ports/progress.ts';
import { calling } from './sdk-errors.ts';
import { updateExpression } from './update-expression.ts';

/** An entry is kept this long past the end of its certificate, for those who ask later. */
const KEPT_AFTER_EXPIRY = 90 * DAY;
const DAYS_COUNTED = 40 * DAY;
const OUTCOMES: readonly Outcome[] = ['issued', 'deployed', 'superseded', 'orphaned'];
const RECONCILE_KEY = 'cursor#reconcile';
const BATCH = 100;
const BATCH_TRIES = 5;

export interface LedgerTable {
  readonly table: string;
  readonly hostIndex: string;
  /** ARN of the CA whose issuances are counted. */
  readonly issuer: string;
}

export function dynamodbLedger(
  client: DynamoDBClient,
  { table, hostIndex, issuer }: LedgerTable,
): Ledger & Progress {
  const counter = `counter#issuances#${issuer}`;

  async function update(
    certificateArn: string,
    set: Readonly<Record<string, unknown>>,
    condition?: string,
  ): Promise<void> {
    const { expression, names, values } = updateExpression(set);
    const command = new UpdateItemCommand({
      TableName: table,
      Key: marshall({ certificateArn }),
      UpdateExpression: expression,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
      ...(condition === undefined ? {} : { ConditionExpression: condition }),
    });
    await calling('UpdateItem', () => unlessConditionFails(client.send(command)));
  }

  async function read(key: string): Promise<Record<string, AttributeValue> | undefined> {
    const command = new GetItemCommand({
      TableName: table,
      Key: marshall({ certificateArn: key }),
      ConsistentRead: true,
    });
    return (await calling('GetItem', () => client.send(command))).Item;
  }

  return {
    async record(entry) {
      const Item = marshall(
        { ...itemOf(entry), deleteAt: entry.notAfter + KEPT_AFTER_EXPIRY },
        { removeUndefinedValues: true },
      );
      const command = new PutItemCommand({
        TableName: table,
        Item,
        ConditionExpression: 'attribute_not_exists(certificateArn)',
      });
      await calling('PutItem', () => unlessConditionFails(client.send(command)));
    },
    async get(certificateArn) {
      const item = await read(certificateArn);
      return item === undefined ? undefined : entryOf(item);
    },
    async getMany(certificateArns) {
      const entries: LedgerEntry[] = [];
      for (let from = 0; from < certificateArns.length; from += BATCH) {
        let keys = certificateArns
          .slice(from, from + BATCH)
          .map((certificateArn) => marshall({ certificateArn }));
        for (let tries = 0; tries < BATCH_TRIES && keys.length > 0; tries += 1) {
          const command = new BatchGetItemCommand({
            RequestItems: { [table]: { Keys: keys, ConsistentRead: true } },
          });
          const { Responses, UnprocessedKeys } = await calling('BatchGetItem', () => client.send(command));
          entries.push(...(Responses?.[table] ?? []).flatMap((item) => entryOf(item) ?? []));
          keys = UnprocessedKeys?.[table]?.Keys ?? [];
        }
      }
      return entries;
    },
    async ofHost(hostId) {
      const command = new QueryCommand({
        TableName: table,
        IndexName: hostIndex,
        KeyConditionExpression: 'hostID = :host',
        ExpressionAttributeValues: marshall({ ':host': hostId }),
        ScanIndexForward: false,
        Limit: 20,
      });
      const { Items = [] } = await calling('Query', () => client.send(command));
      return Items.flatMap((item) => entryOf(item) ?? []);
    },
    note: (certificateArn, outcome, now) =>
      update(certificateArn, { outcome, outcomeAt: isoTime(now) }, 'attribute_exists(certificateArn)'),
    noteRevoked: (certificateArn, revokedAt) =>
      update(certificateArn, { revokedAt: isoTime(revokedAt) }, 'attribute_exists(certificateArn)'),
    async countIssuance(day) {
      // One item for each CA: its total, and an attribute for each day; the day that left the window goes.
      const command = new UpdateItemCommand({
        TableName: table,
        Key: marshall({ certificateArn: counter }),
        UpdateExpression: 'ADD #total :one, #today :one REMOVE #past',
        ExpressionAttributeNames: { '#total': 'total', '#today': day, '#past': dayBefore(day) },
        ExpressionAttributeValues: marshall({ ':one': 1 }),
      });
      await calling('UpdateItem', () => client.send(command));
    },
    async noteFleetLimit(day) {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: marshall({ certificateArn: counter }),
        UpdateExpression: 'SET limitedOn = :day',
        ConditionExpression: 'attribute_not_exists(limitedOn) OR limitedOn <> :day',
        ExpressionAttributeValues: marshall({ ':day': day }),
      });
      return calling('UpdateItem', () => unlessConditionFails(client.send(command)));
    },
    async issuances(day) {
      const item = await read(counter);
      return { today: Number(item?.[day]?.N ?? 0), total: Number(item?.['total']?.N ?? 0) };
    },
    load: async () => (await read(RECONCILE_KEY))?.['after']?.S,
    // NULL is the end of the table; the one item is never deleted.
    save: (after) => update(RECONCILE_KEY, { after: after ?? null }),
  };
}

/** The UTC day 40 days before. */
function dayBefore(day: string): string {
  return utcDay((parseIsoTime(`${day}T00:00:00Z`) ?? 0) - DAYS_COUNTED);
}

function itemOf(entry: LedgerEntry): Record<string, unknown> {
  const { hostId, issuedAt, notAfter, outcomeAt, revokedAt, ...rest } = entry;
  const times = { issuedAt: isoTime(issuedAt), notAfter: isoTime(notAfter), outcomeAt: isoTime(outcomeAt) };
  return {
    ...rest,
    hostID: hostId,
    ...times,
    revokedAt: revokedAt === undefined ? undefined : isoTime(revokedAt),
  };
}

function entryOf(item: Record<string, AttributeValue>): LedgerEntry | undefined {
  const fields = unmarshall(item);
  const outcome = OUTCOMES.find((known) => known === fields['outcome']);
  const [issuedAt, notAfter] = [parseIsoTime(fields['issuedAt']), parseIsoTime(fields['notAfter'])];
  if (outcome === undefined || issuedAt === undefined || notAfter === undefined) return undefined;
  const revokedAt = parseIsoTime(fields['revokedAt']);
  return {
    certificateArn: String(fields['certificateArn']),
    hostId: String(fields['hostID']),
    attempt: String(fields['attempt']),
    serial: String(fields['serial']),
    publicKeyHash: String(fields['publicKeyHash']),
    requestHash: String(fields['requestHash']),
    issuedAt,
    notAfter,
    outcome,
    outcomeAt: parseIsoTime(fields['outcomeAt']) ?? issuedAt,
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}

/** False when the condition failed, which means that there was nothing to do. */
async function unlessConditionFails(sent: Promise<unknown>): Promise<boolean> {
  try {
    await sent;
    return true;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return false;
  }
}
