import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { LocalClock } from '../../../local-aws/clock.ts';
import type { JsonObject, StreamSource } from '../../../local-aws/platform.ts';
import { createEventsService } from '../../../local-aws/services/events/index.ts';
import type { EventsService } from '../../../local-aws/services/events/index.ts';
import { createLambdaService } from '../../../local-aws/services/lambda/index.ts';
import { createLogStore } from '../../../local-aws/services/logs/store.ts';
import { createSchedulerService } from '../../../local-aws/services/scheduler/index.ts';
import { createSqsService } from '../../../local-aws/services/sqs/index.ts';
import { administrator, startPlatform } from '../start-platform.ts';
import type { StartedPlatform } from '../start-platform.ts';

const ROLE = 'arn:aws:iam::123456789012:role/worker';
const STREAM = 'arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/1';
const DAY_MS = 86_400_000;

/** The function answers what the event asks for; `calls` counts per environment. */
const CODE = `
let calls = 0;
export async function handler(event, context) {
  calls += 1;
  console.log(JSON.stringify({ saw: event, calls }));
  if (event.fail) throw new TypeError(event.fail);
  if (event.sleep) await new Promise((resolve) => setTimeout(resolve, event.sleep));
  if (event.exit) process.exit(3);
  if (event.Records) {
    const id = (record) => record.messageId ?? record.dynamodb.SequenceNumber;
    const bad = (record) => (record.body ?? JSON.stringify(record.dynamodb.Keys)).includes('bad');
    return { batchItemFailures: event.Records.filter(bad).map((record) => ({ itemIdentifier: id(record) })) };
  }
  return { now: Date.now(), calls, env: process.env, remaining: context.getRemainingTimeInMillis(), id: context.awsRequestId };
}
`;

let started: StartedPlatform;
let events: EventsService;
let client: LambdaClient;
let directory: string;
const logs = createLogStore();
const records: JsonObject[] = [];
let wakeStream: () => void = () => undefined;

const streams: StreamSource = {
  read: (_arn, after, limit) => {
    const from = after === undefined ? 0 : Number(after);
    return records.slice(from, from + limit);
  },
  onAppend: (_arn, wake) => {
    wakeStream = wake;
    return () => undefined;
  },
};

function append(...keys: string[]): void {
  for (const key of keys) {
    const SequenceNumber = String(records.length + 1);
    const dynamodb = {
      SequenceNumber,
      Keys: { id: { S: key } },
      ApproximateCreationDateTime: Date.now() / 1000,
    };
    records.push({ eventName: 'INSERT', eventSourceARN: STREAM, dynamodb });
  }
  wakeStream();
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lambda-'));
  mkdirSync(join(directory, 'code'));
  writeFileSync(join(directory, 'code', 'index.mjs'), CODE);
  started = await startPlatform((platform) => {
    const sqs = createSqsService(platform);
    events = createEventsService(platform);
    const onMessage = (url: string, wake: () => void): (() => void) => sqs.onMessage(url, wake);
    // startPlatform puts a LocalClock there.
    const clock = (platform.clock as LocalClock).buffer;
    const lambda = createLambdaService(
      { ...platform, streams },
      { clock, logs, onMessage, retryDelayMs: 60_000 },
    );
    return [sqs, events, lambda, createSchedulerService(platform)];
  });
  const trust = (service: string): JsonObject => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });
  const role = { path: '/', maxSessionDuration: 3600 };
  started.access.directory.putRole({ ...role, roleName: 'worker', trust: trust('lambda.amazonaws.com') });
  started.access.directory.putRole({ ...role, roleName: 'ticker', trust: trust('scheduler.amazonaws.com') });
  await started.create('AWS::SQS::Queue', { QueueName: 'failures' });
  await started.create('AWS::SQS::Queue', { QueueName: 'work', VisibilityTimeout: 180 });
  await makeFunction('one', { DeadLetterConfig: { TargetArn: arnOf('failures') } });
  client = new LambdaClient(started.client);
});
afterAll(async () => {
  client.destroy();
  await started.gateway.close();
  rmSync(directory, { recursive: true });
});

const arnOf = (queue: string): string => `arn:aws:sqs:us-east-1:123456789012:${queue}`;

async function makeFunction(name: string, extra: JsonObject = {}): Promise<void> {
  const Code = { S3Bucket: 'assets', S3Key: join(directory, 'code') };
  const fixed = { Code, Runtime: 'nodejs24.x', Handler: 'index.handler', Role: ROLE, Timeout: 1 };
  const Environment = { Variables: { MINE: 'yes' } };
  await started.create(
    'AWS::Lambda::Function',
    { FunctionName: name, ...fixed, Environment, ...extra },
    name,
  );
}

async function invoke(
  event: JsonObject,
  name = 'one',
): Promise<{ error: string | undefined; answer: JsonObject }> {
  const output = await client.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }));
  const answer = JSON.parse(Buffer.from(output.Payload ?? []).toString()) as JsonObject; // Payloads are JSON.
  return { error: output.FunctionError, answer };
}

async function receive(queue: string): Promise<JsonObject[]> {
  const QueueUrl = `${started.platform.endpoint}/123456789012/${queue}`;
  const options = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'], VisibilityTimeout: 0 };
  const output = await started.platform.call(administrator, 'sqs', 'ReceiveMessage', options);
  return Array.isArray(output['Messages']) ? (output['Messages'] as JsonObject[]) : [];
}
const bodyOf = (message: JsonObject | undefined): string =>
  typeof message?.['Body'] === 'string' ? message['Body'] : '{}';
const purge = (queue: string): Promise<JsonObject> =>
  started.platform.call(administrator, 'sqs', 'PurgeQueue', {
    QueueUrl: `${started.platform.endpoint}/123456789012/${queue}`,
  });

const saw = (text: string, name = 'one'): number =>
  logs.lines(name).filter(({ message }) => message.includes(text)).length;

describe('invoking a function', () => {
  test('runs the code with its own environment, moved time and credentials of its role', async () => {
    started.clock.advance(30 * DAY_MS);
    const { error, answer } = await invoke({});
    expect(error).toBeUndefined();
    expect(answer).toMatchObject({
      env: { MINE: 'yes', AWS_REGION: 'us-east-1', AWS_LAMBDA_FUNCTION_NAME: 'one' },
    });
    expect(Number(answer['now'])).toBeGreaterThan(Date.now() + 29 * DAY_MS);
    expect(answer['env']).not.toHaveProperty('PATH');
    const env = answer['env'] as Record<string, string>; // The function answers its process.env.
    expect(started.access.issuedKey(env['AWS_ACCESS_KEY_ID'] ?? '')?.session.roleArn).toBe(ROLE);
  });

  test('reuses a warm environment, and starts a fresh one after a long time', async () => {
    const { answer: first } = await invoke({});
    const { answer: second } = await invoke({});
    expect(Number(second['calls'])).toBe(Number(first['calls']) + 1);
    started.clock.advance(DAY_MS);
    expect((await invoke({})).answer['calls']).toBe(1);
  });

  test('tells errors, time-outs and exits as Lambda does', async () => {
    expect(await invoke({ fail: 'no' })).toMatchObject({
      error: 'Unhandled',
      answer: { errorType: 'TypeError', errorMessage: 'no' },
    });
    const late = await invoke({ sleep: 5000 });
    expect(late.answer['errorMessage']).toMatch(/Task timed out after 1\.00 seconds$/);
    expect((await invoke({ exit: true })).answer['errorType']).toBe('Runtime.ExitError');
    expect((await invoke({})).answer['calls']).toBe(1);
    await expect(invoke({}, 'nobody')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('runs at most five at once and queues the rest', async () => {
    const began = performance.now();
    await Promise.all(Array.from({ length: 10 }, () => invoke({ sleep: 200 })));
    expect(performance.now() - began).toBeGreaterThan(400);
  });

  test('an unknown property is refused by name', async () => {
    await expect(makeFunction('x', { SnapStart: {} })).rejects.toThrow('SnapStart');
  });
});

describe('asynchronous invocation', () => {
  test('is tried three times in all, then goes to the dead-letter queue', async () => {
    await client.send(
      new InvokeCommand({ FunctionName: 'one', InvocationType: 'Event', Payload: '{"fail":"always"}' }),
    );
    for (const attempt of [1, 2, 3]) {
      await vi.waitFor(() => {
        expect(saw('"saw":{"fail":"always"}')).toBe(attempt);
      }, 5000);
      await new Promise((resolve) => setTimeout(resolve, 50));
      started.clock.advance(attempt * 60_000);
    }
    await vi.waitFor(async () => {
      expect(await receive('failures')).toMatchObject([
        { Body: '{"fail":"always"}', MessageAttributes: { ErrorMessage: { StringValue: 'always' } } },
      ]);
    });
    await purge('failures');
  });

  test('an event rule needs a permission, and a schedule fires once per jump', async () => {
    const arn = 'arn:aws:lambda:us-east-1:123456789012:function:one';
    const EventPattern = { source: ['aws.test'] };
    const rule = await started.create('AWS::Events::Rule', {
      EventPattern,
      Targets: [{ Id: 'a', Arn: arn }],
    });
    await started.create('AWS::Lambda::Permission', {
      FunctionName: 'one',
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: rule.attributes['Arn'] ?? '',
    });
    started.access.setEnforced(true);
    events.emit({ source: 'aws.test', 'detail-type': 'T', resources: [], detail: { marker: 'from-rule' } });
    await vi.waitFor(() => {
      expect(saw('from-rule')).toBe(1);
    });
    started.access.setEnforced(false);
    await started.create('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(15 minutes)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { Arn: arn, RoleArn: 'arn:aws:iam::123456789012:role/ticker', Input: '{"tick":true}' },
    });
    started.clock.advance(7 * DAY_MS);
    await vi.waitFor(() => {
      expect(saw('"tick":true')).toBe(1);
    });
    started.clock.advance(15 * 60_000);
    await vi.waitFor(() => {
      expect(saw('"tick":true')).toBe(2);
    });
  });
});

describe('event sources', () => {
  test('a queue keeps only the messages that the function names as failed', async () => {
    await makeFunction('queued');
    await started.create('AWS::Lambda::EventSourceMapping', {
      FunctionName: 'queued',
      EventSourceArn: arnOf('work'),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    const Entries = ['good', 'bad', 'fine'].map((MessageBody) => ({ Id: MessageBody, MessageBody }));
    const QueueUrl = `${started.platform.endpoint}/123456789012/work`;
    await started.platform.call(administrator, 'sqs', 'SendMessageBatch', { QueueUrl, Entries });
    await vi.waitFor(() => {
      expect(saw('"body":"bad"', 'queued')).toBe(1);
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    started.clock.advance(181_000);
    await vi.waitFor(() => {
      expect(saw('"body":"bad"', 'queued')).toBe(2);
    });
    expect(saw('"body":"good"', 'queued')).toBe(1);
  });

  test('a stream goes on behind a poison record once its retries are over, and reports it', async () => {
    await makeFunction('streamed');
    append('before');
    await started.create('AWS::Lambda::EventSourceMapping', {
      FunctionName: 'streamed',
      EventSourceArn: STREAM,
      StartingPosition: 'LATEST',
      BatchSize: 100,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FilterCriteria: {
        Filters: [{ Pattern: '{"dynamodb":{"Keys":{"id":{"S":[{"anything-but":"ignored"}]}}}}' }],
      },
      DestinationConfig: { OnFailure: { Destination: arnOf('failures') } },
    });
    append('a', 'ignored', 'bad', 'c');
    await vi.waitFor(() => {
      expect(saw('"S":"bad"', 'streamed')).toBeGreaterThan(1);
    }, 5000);
    await vi.waitFor(async () => {
      started.clock.advance(1000);
      expect(saw('"S":"c"', 'streamed')).toBeGreaterThan(0);
      const [failure] = await receive('failures');
      expect(JSON.parse(bodyOf(failure))).toMatchObject({
        requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
        DDBStreamBatchInfo: { startSequenceNumber: '4', endSequenceNumber: '4', batchSize: 1 },
      });
    }, 5000);
    expect(saw('ignored', 'streamed') + saw('before', 'streamed')).toBe(0);
  });
});
