import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createFaults } from '../../local-aws/faults/faults.ts';
import { fateOf } from '../../local-aws/faults/events.ts';
import type { JsonObject } from '../../local-aws/platform.ts';
import { createSqsService } from '../../local-aws/services/sqs/index.ts';
import { startPlatform } from './start-platform.ts';
import type { StartedPlatform } from './start-platform.ts';

const always = (): boolean => true;

describe('a verdict', () => {
  const run = (seed: number): boolean[] => {
    const faults = createFaults(seed);
    faults.set({ throttle: { rate: 0.3 } });
    return Array.from({ length: 200 }, () => faults.strike('throttle', 'x', always) !== undefined);
  };

  test('is the same in every run with the same seed, and strikes at its rate', () => {
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    const share = run(1).filter(Boolean).length / 200;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
  });

  test('does not depend on what happens to others in between', () => {
    const faults = createFaults(1);
    faults.set({ throttle: { rate: 0.3 } });
    const mixed = run(1).map(() => {
      faults.strike('throttle', 'other', always);
      return faults.strike('throttle', 'x', always) !== undefined;
    });
    expect(mixed).toEqual(run(1));
  });

  test('lets the first pass and ends after its times', () => {
    const faults = createFaults();
    faults.set({ error: { skip: 2, times: 3 } });
    const struck = Array.from({ length: 8 }, () => faults.strike('error', 'x', always) !== undefined);
    expect(struck).toEqual([false, false, true, true, true, false, false, false]);
    expect(faults.describe()['on']).toMatchObject({ error: [{ struck: 3, left: 0 }] });
  });

  test('holds for a share of the nodes, the same ones as long as it is on', () => {
    const faults = createFaults();
    faults.set({ 'node-offline': { rate: 0.5 } });
    const which = (): string[] =>
      Array.from({ length: 20 }, (_, place) => String(place)).filter(
        (place) => faults.holds('node-offline', place, always) !== undefined,
      );
    expect(which()).toEqual(which());
    expect(which().length).toBeGreaterThan(4);
    expect(which().length).toBeLessThan(16);
  });
});

describe('switching', () => {
  test('refuses what it does not know, by name', () => {
    const faults = createFaults();
    expect(() => {
      faults.set({ thottle: true });
    }).toThrow(/no fault "thottle"; there are throttle, error, timeout/);
    expect(() => {
      faults.set({ throttle: { rate: 2 } });
    }).toThrow(/fault throttle: rate/);
    expect(() => {
      faults.set({ delay: { seconds: 2 } });
    }).toThrow(/seconds/);
    expect(faults.describe()['on']).toEqual({});
  });

  test('replaces a fault of the same name, leaves the others, and takes false for off', () => {
    const faults = createFaults();
    faults.set({ throttle: true, delay: [{ ms: 1 }, { ms: 2 }] });
    faults.set({ delay: false });
    expect(Object.keys(faults.describe()['on'] ?? {})).toEqual(['throttle']);
    faults.clear();
    expect(faults.on('throttle', 'delay')).toBe(false);
  });
});

describe('an event', () => {
  const event = (source: string, detailType = 'x') => ({
    source,
    'detail-type': detailType,
    resources: [],
    detail: {},
  });

  test('is lost, doubled or late; those that AWS delivers durably are lost only by name', () => {
    const faults = createFaults();
    faults.set({ 'lost-events': true });
    expect(fateOf(faults, event('aws.ssm')).copies).toBe(0);
    expect(fateOf(faults, event('aws.s3')).copies).toBe(1);
    faults.set({ 'lost-events': { source: ['aws.s3'] }, 'doubled-events': true, 'late-events': { ms: 7 } });
    expect(fateOf(faults, event('aws.s3')).copies).toBe(0);
    expect(fateOf(faults, event('aws.ssm'))).toEqual({ copies: 2, delayMs: 7 });
  });

  test('comes out of order, by a repeatable shuffle', () => {
    const delays = (): number[] => {
      const faults = createFaults();
      faults.set({ 'reordered-events': { ms: 1000, detailType: 'x' } });
      expect(fateOf(faults, event('aws.ssm', 'y')).delayMs).toBe(0);
      return Array.from({ length: 10 }, () => fateOf(faults, event('aws.ssm')).delayMs);
    };
    expect(delays()).toEqual(delays());
    expect(delays()).not.toEqual([...delays()].sort((a, b) => a - b));
  });
});

describe('an API call', () => {
  let aws: StartedPlatform;
  let sqs: SQSClient;
  let QueueUrl: string;
  beforeAll(async () => {
    aws = await startPlatform((platform) => [createSqsService(platform)]);
    sqs = new SQSClient({ ...aws.client, maxAttempts: 1 });
    QueueUrl = (await aws.create('AWS::SQS::Queue', { QueueName: 'faulty' })).ref;
  });
  afterEach(() => aws.control('POST', '/_local/faults/clear', {}));
  afterAll(() => aws.gateway.close());

  const send = (): Promise<unknown> => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const waiting = async (): Promise<number> => {
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
    return Number((await sqs.send(asked)).Attributes?.['ApproximateNumberOfMessages']);
  };
  const order = (body: JsonObject) => aws.control('POST', '/_local/faults', body);
  /** How the call ended, and by how much the queue grew. */
  const outcome = async (): Promise<{ name: string; grew: number }> => {
    const before = await waiting();
    const name = await send().then(
      () => 'none',
      (error: unknown) =>
        error instanceof Error ? `${error.name} ${String(Reflect.get(error, 'code'))}` : '',
    );
    return { name, grew: (await waiting()) - before };
  };

  test('is throttled with the error of its service, once', async () => {
    await order({ throttle: { operation: 'sqs:SendMessage', times: 1 } });
    expect((await outcome()).name).toContain('RequestThrottled');
    expect(await outcome()).toEqual({ name: 'none', grew: 1 });
  });

  test('fails before or after it took effect', async () => {
    await order({ error: { operation: 'SendMessage' } });
    expect((await outcome()).grew).toBe(0);
    await order({ error: { operation: ['SendMessage'], when: 'after', code: 'Odd', status: 503 } });
    const odd = await outcome();
    expect(odd.name).toContain('Odd');
    expect(odd.grew).toBe(1);
  });

  test('gets no answer, with or without effect', async () => {
    await order({ timeout: { operation: 'sqs:SendMessage' } });
    expect(await outcome()).toEqual({ name: expect.stringContaining('ECONNRESET') as string, grew: 0 });
    await aws.control('POST', '/_local/faults/clear', {});
    await order({ 'timeout-after-effect': { operation: 'sqs:SendMessage', withholdMs: 20 } });
    expect(await outcome()).toEqual({ name: expect.stringContaining('ECONNRESET') as string, grew: 1 });
    expect(aws.gateway.calls().at(-2)).toMatchObject({
      operation: 'SendMessage',
      status: 0,
      error: 'ConnectionLost',
    });
  });

  test('waits, for the caller that is meant', async () => {
    await order({ delay: { operation: 'sqs:*', caller: 'administrator', ms: 150 } });
    const start = performance.now();
    await send();
    expect(performance.now() - start).toBeGreaterThan(145);
    await order({ delay: { operation: 'sqs:*', caller: 'CertIssue', ms: 5000 } });
    await send();
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test('shows which faults are on and which there are', async () => {
    await order({ throttle: { rate: 0.5 } });
    expect(await aws.control('GET', '/_local/faults')).toMatchObject({
      seed: 1,
      on: { throttle: [{ rate: 0.5, struck: expect.any(Number) as number }] },
      names: { 'node-full': 'the disks of nodes are full' },
    });
  });
});
