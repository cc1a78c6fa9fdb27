/** The real adapters on a local AWS with just the services they call. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { marshall } from '@aws-sdk/util-dynamodb';
import { z } from 'zod';
import type { JsonObject } from '../../local-aws/platform.ts';
import { createDynamodbService } from '../../local-aws/services/dynamodb/index.ts';
import { createSqsService } from '../../local-aws/services/sqs/index.ts';
import { createSsmService } from '../../local-aws/services/ssm/index.ts';
import { dynamodbInventory } from '../../src/aws/dynamodb-inventory.ts';
import { dynamodbLedger } from '../../src/aws/dynamodb-ledger.ts';
import { randomIdentifiers } from '../../src/aws/random-identifiers.ts';
import { sqsWorkQueue } from '../../src/aws/sqs-work-queue.ts';
import { ssmHostCommands } from '../../src/aws/ssm-host-commands.ts';
import { ssmManagedNodes } from '../../src/aws/ssm-managed-nodes.ts';
import { CA, DEFAULTS } from '../builders/facts.ts';
import { startPlatform } from '../local-aws/start-platform.ts';

const text = (AttributeName: string): JsonObject => ({ AttributeName, AttributeType: 'S' });
const keys = (HASH: string, RANGE?: string): JsonObject[] => [
  { AttributeName: HASH, KeyType: 'HASH' },
  ...(RANGE === undefined ? [] : [{ AttributeName: RANGE, KeyType: 'RANGE' }]),
];

function table(
  TableName: string,
  key: string,
  IndexName: string,
  index: readonly [string, string],
  all: boolean,
): JsonObject {
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [key, ...index].map(text),
    KeySchema: keys(key),
    GlobalSecondaryIndexes: [
      { IndexName, KeySchema: keys(...index), Projection: { ProjectionType: all ? 'ALL' : 'KEYS_ONLY' } },
    ],
  };
}

/** A document that answers as the scripts do, whatever it is asked. */
const document = (): JsonObject => ({
  schemaVersion: '2.2',
  mainSteps: [
    {
      action: 'aws:runShellScript',
      name: 'run',
      inputs: { timeoutSeconds: '30', runCommand: ['#!/bin/bash', 'echo "-----BEGIN CERTVEND RESULT-----"'] },
    },
  ],
});

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the adapters say what they are
export async function startAdapters() {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-ports-'));
  const aws = await startPlatform((platform, { streams }) => [
    createDynamodbService(platform, streams),
    createSqsService(platform),
    createSsmService({ ...platform, directory }),
  ]);
  await aws.create(
    'AWS::DynamoDB::Table',
    table('certificates', 'hostID', 'due', ['checkShard', 'nextCheckAt'], false),
  );
  await aws.create(
    'AWS::DynamoDB::Table',
    table('ledger', 'certificateArn', 'host', ['hostID', 'issuedAt'], true),
  );
  const urls = {
    issuance: (await aws.create('AWS::SQS::Queue', { QueueName: 'issuance' })).ref,
    deployment: (await aws.create('AWS::SQS::Queue', { QueueName: 'deployment' })).ref,
  };
  const documents = {
    GenerateCsr: 'certvend-GenerateCsr-1',
    DeployCertificate: 'certvend-DeployCertificate-1',
  };
  for (const Name of Object.values(documents))
    await aws.create('AWS::SSM::Document', { Name, DocumentType: 'Command', Content: document() });
  const made = await aws.control('POST', '/_local/nodes', { count: 2 });
  const [online, offline] = z.array(z.object({ id: z.string() })).parse(made);
  await aws.control('POST', '/_local/nodes/state', { id: offline?.id ?? '', online: false });
  const [dynamodb, sqs, ssm] = [
    new DynamoDBClient(aws.client),
    new SQSClient(aws.client),
    new SSMClient(aws.client),
  ];
  return {
    inventory: dynamodbInventory(dynamodb, randomIdentifiers, {
      table: 'certificates',
      dueIndex: 'due',
      defaults: DEFAULTS,
      issuer: CA,
    }),
    put: async (row: Readonly<Record<string, unknown>>) => {
      await dynamodb.send(new PutItemCommand({ TableName: 'certificates', Item: marshall(row) }));
    },
    ledger: dynamodbLedger(dynamodb, { table: 'ledger', hostIndex: 'host', issuer: CA }),
    queue: sqsWorkQueue(sqs, urls),
    waiting: async () => {
      const counts = await Promise.all(
        Object.values(urls).map(async (QueueUrl) => {
          const { Attributes = {} } = await sqs.send(
            new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
          );
          return (
            Number(Attributes['ApproximateNumberOfMessages']) +
            Number(Attributes['ApproximateNumberOfMessagesDelayed'])
          );
        }),
      );
      return counts.reduce((sum, one) => sum + one, 0);
    },
    nodes: ssmManagedNodes(ssm),
    commands: ssmHostCommands(ssm, documents),
    online: online?.id ?? '',
    offline: offline?.id ?? '',
    async close() {
      await aws.gateway.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
