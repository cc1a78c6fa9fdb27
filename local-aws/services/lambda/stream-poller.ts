/** The event source mapping from a DynamoDB stream (one shard) to a function: in order, nothing passes a stuck batch. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Json, JsonObject, Platform } from '../../platform.ts';
import { compilePattern } from '../events/pattern.ts';
import { deliver } from '../events/target.ts';
import { failedItems } from './batch-response.ts';
import type { LambdaFunction } from './function.ts';
import type { Poller } from './queue-poller.ts';
import type { StreamMapping } from './resources.ts';

const SHARD_ID = 'shardId-00000000000000000000-00000000';
const FIRST_BACK_OFF_MS = 1000;
const LONGEST_BACK_OFF_MS = 60_000;

/** The part of a stream record that the poller itself reads. */
const recordShape = z.object({
  dynamodb: z.object({ SequenceNumber: z.string(), ApproximateCreationDateTime: z.number().optional() }),
});

export function pollStream(platform: Platform, mapping: StreamMapping, fn: () => LambdaFunction): Poller {
  const arn = mapping.EventSourceArn;
  const matches = filterOf(mapping);
  let position = mapping.StartingPosition === 'LATEST' ? latest(platform, arn) : undefined;
  let closed = false;
  let running = false;
  let again = false;
  const cancels = new Set<() => void>();

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = platform.clock.at(platform.clock.now() + ms, () => {
        cancels.delete(cancel);
        resolve();
      });
      cancels.add(cancel);
    });

  async function pump(): Promise<void> {
    again = true;
    if (running) return;
    running = true;
    try {
      while (again && !closed) {
        again = false;
        if (mapping.MaximumBatchingWindowInSeconds > 0)
          await wait(mapping.MaximumBatchingWindowInSeconds * 1000);
        const records = platform.streams.read(arn, position, mapping.BatchSize);
        const last = records.at(-1);
        if (last === undefined) continue;
        again = true;
        const batch = records.filter(matches);
        if (batch.length > 0) await deliverBatch(batch, 0);
        position = sequenceNumber(last);
      }
    } finally {
      running = false;
    }
  }

  /** Runs until every record was handled or given up. `retries` counts what was spent on these records so far. */
  async function deliverBatch(batch: readonly JsonObject[], retries: number): Promise<void> {
    if (closed) return;
    const fresh = batch.filter((record) => !tooOld(record));
    const expired = batch.filter(tooOld);
    if (expired.length > 0) await giveUp(expired, 'RecordAgeExceeded', retries);
    const rest = fresh.length > 0 ? await attempt(fresh) : [];
    if (rest.length === 0) return;
    const split = mapping.BisectBatchOnFunctionError && rest.length > 1;
    if (split || rest.length < fresh.length) {
      // Splitting is not a retry; neither is going on after the records that were handled.
      const middle = split && rest.length === fresh.length ? Math.ceil(rest.length / 2) : rest.length;
      await deliverBatch(rest.slice(0, middle), retries);
      if (middle < rest.length) await deliverBatch(rest.slice(middle), retries);
      return;
    }
    const limit = mapping.MaximumRetryAttempts;
    if (limit >= 0 && retries >= limit) return giveUp(rest, 'RetryAttemptsExhausted', retries + 1);
    await wait(Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** retries));
    return deliverBatch(rest, retries + 1);
  }

  /** What is left of the batch: from the first failed record on, because order must hold. */
  async function attempt(batch: readonly JsonObject[]): Promise<readonly JsonObject[]> {
    const payload = JSON.stringify({ Records: batch });
    const outcome = await fn().run({ requestId: randomUUID(), payload });
    if (!outcome.ok) return batch;
    if (mapping.FunctionResponseTypes.length === 0) return [];
    const numbers = batch.map(sequenceNumber);
    const failed = failedItems(outcome.payload, numbers);
    if (failed === 'all') return batch;
    const first = numbers.findIndex((number) => failed.has(number));
    return first === -1 ? [] : batch.slice(first);
  }

  async function giveUp(batch: readonly JsonObject[], condition: string, invocations: number): Promise<void> {
    const destination = mapping.DestinationConfig?.OnFailure?.Destination;
    if (destination === undefined) return;
    const body = JSON.stringify(
      failureRecord(platform, mapping, fn().arn, { batch, condition, invocations }),
    );
    await deliver(platform, fn().caller, destination, { body });
  }

  function tooOld(record: JsonObject): boolean {
    if (mapping.MaximumRecordAgeInSeconds < 0) return false;
    return platform.clock.now() - arrival(record) > mapping.MaximumRecordAgeInSeconds * 1000;
  }

  const wake = (): void => {
    pump().catch((error: unknown) => {
      if (!closed) process.stderr.write(`local AWS: event source ${arn}: ${String(error)}\n`);
    });
  };
  const unsubscribe = platform.streams.onAppend(arn, wake);
  wake();
  return {
    close() {
      closed = true;
      unsubscribe();
      for (const cancel of cancels) cancel();
    },
  };
}

function filterOf(mapping: StreamMapping): (record: Json) => boolean {
  const patterns = (mapping.FilterCriteria?.Filters ?? []).map(({ Pattern }) =>
    compilePattern(z.json().parse(JSON.parse(Pattern))),
  );
  return (record) => patterns.length === 0 || patterns.some((matches) => matches(record));
}

function latest(platform: Platform, arn: string): string | undefined {
  const last = platform.streams.read(arn, undefined, Number.MAX_SAFE_INTEGER).at(-1);
  return last === undefined ? undefined : sequenceNumber(last);
}

function sequenceNumber(record: JsonObject): string {
  return recordShape.parse(record).dynamodb.SequenceNumber;
}

function arrival(record: JsonObject): number {
  return (recordShape.parse(record).dynamodb.ApproximateCreationDateTime ?? 0) * 1000;
}

function failureRecord(
  platform: Platform,
  mapping: StreamMapping,
  functionArn: string,
  failure: {
    readonly batch: readonly JsonObject[];
    readonly condition: string;
    readonly invocations: number;
  },
): JsonObject {
  const { batch, condition, invocations } = failure;
  const numbers = batch.map(sequenceNumber);
  const arrivals = batch.map((record) => new Date(arrival(record)).toISOString());
  return {
    requestContext: { requestId: randomUUID(), functionArn, condition, approximateInvokeCount: invocations },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: new Date(platform.clock.now()).toISOString(),
    DDBStreamBatchInfo: {
      shardId: SHARD_ID,
      startSequenceNumber: numbers[0] ?? '',
      endSequenceNumber: numbers.at(-1) ?? '',
      approximateArrivalOfFirstRecord: arrivals[0] ?? '',
      approximateArrivalOfLastRecord: arrivals.at(-1) ?? '',
      batchSize: batch.length,
      streamArn: mapping.EventSourceArn,
    },
  };
}
