import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { LocalClock } from '../../local-aws/clock.ts';
import type { JsonObject } from '../../local-aws/platform.ts';
import { createLambdaService } from '../../local-aws/services/lambda/index.ts';
import { createLogStore } from '../../local-aws/services/logs/store.ts';
import { createSqsService } from '../../local-aws/services/sqs/index.ts';
import { startPlatform } from './start-platform.ts';
import type { StartedPlatform } from './start-platform.ts';

/** Sends three messages, one call each. */
const CODE = `
import { createRequire } from 'node:module';
const require = createRequire(${JSON.stringify(fileURLToPath(new URL('../../package.json', import.meta.url)))});
const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs');
const sqs = new SQSClient({ maxAttempts: 1 });
export async function handler() {
  const QueueUrl = process.env.QUEUE;
  for (const MessageBody of ['1', '2', '3']) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  return 'done';
}
`;

let aws: StartedPlatform;
let directory: string;
let QueueUrl: string;
let lambda: LambdaClient;
let sqs: SQSClient;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'faults-'));
  writeFileSync(join(directory, 'index.mjs'), CODE);
  aws = await startPlatform((platform, { functionFaults }) => {
    const queues = createSqsService(platform);
    const onMessage = (): (() => void) => () => undefined;
    // startPlatform puts a LocalClock there.
    const clock = (platform.clock as LocalClock).buffer;
    const options = { clock, logs: createLogStore(), onMessage, retryDelayMs: 1, faults: functionFaults };
    return [queues, createLambdaService(platform, options)];
  });
  const trust: JsonObject = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  };
  aws.access.directory.putRole({ path: '/', maxSessionDuration: 3600, roleName: 'worker', trust });
  QueueUrl = (await aws.create('AWS::SQS::Queue', { QueueName: 'sent' })).ref;
  await aws.create('AWS::Lambda::Function', {
    FunctionName: 'Sender',
    Code: { S3Bucket: 'assets', S3Key: directory },
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: 'arn:aws:iam::123456789012:role/worker',
    Timeout: 20,
    MemorySize: 512,
    Environment: { Variables: { QUEUE: QueueUrl } },
  });
  lambda = new LambdaClient(aws.client);
  sqs = new SQSClient(aws.client);
});
afterEach(() => aws.control('POST', '/_local/faults/clear', {}));
afterAll(async () => {
  await aws.gateway.close();
  rmSync(directory, { recursive: true });
});

/** How the invocation ended, and how many messages it sent. */
async function run(): Promise<{ error: string | undefined; answer: string; sent: number }> {
  const count = async (): Promise<number> => {
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
    return Number((await sqs.send(asked)).Attributes?.['ApproximateNumberOfMessages']);
  };
  const before = await count();
  const output = await lambda.send(new InvokeCommand({ FunctionName: 'Sender' }));
  const answer = Buffer.from(output.Payload ?? []).toString();
  return { error: output.FunctionError, answer, sent: (await count()) - before };
}

test('a function dies before or after its n-th call, as often as told, and the next invocation is well', async () => {
  await aws.control('POST', '/_local/faults', {
    'function-killed': { function: 'Sender', call: 2, times: 1 },
  });
  const killed = await run();
  expect(killed).toMatchObject({ error: 'Unhandled', sent: 1 });
  expect(killed.answer).toContain('signal: killed');
  expect(await run()).toEqual({ error: undefined, answer: '"done"', sent: 3 });
  await aws.control('POST', '/_local/faults', { 'function-killed': { call: 2, when: 'after', times: 1 } });
  expect(await run()).toMatchObject({ error: 'Unhandled', sent: 2 });
});

test('other functions and later calls are left alone', async () => {
  await aws.control('POST', '/_local/faults', { 'function-killed': [{ function: 'Other' }, { call: 4 }] });
  expect(await run()).toMatchObject({ error: undefined, sent: 3 });
});
