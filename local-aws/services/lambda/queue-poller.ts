/** The event source mapping from a queue to a function. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Json, JsonObject, Platform } from '../../platform.ts';
import { queueUrl } from '../events/target.ts';
import { failedItems } from './batch-response.ts';
import { CONCURRENCY } from './function.ts';
import type { LambdaFunction } from './function.ts';
import type { QueueMapping } from './resources.ts';

/** Calls `wake` whenever a message of the queue may have become visible. Returns an unsubscribe function. */
export type OnMessage = (queueUrl: string, wake: () => void) => () => void;

const received = z.object({
  Messages: z
    .array(
      z.object({
        MessageId: z.string(),
        ReceiptHandle: z.string(),
        Body: z.string(),
        MD5OfBody: z.string().optional(),
        Attributes: z.record(z.string(), z.string()).optional(),
        MessageAttributes: z.record(z.string(), z.json()).optional(),
      }),
    )
    .optional(),
});
type Message = NonNullable<z.infer<typeof received>['Messages']>[number];

/** Until a failed poll is tried again. */
const RETRY_MS = 1000;

export interface Poller {
  close(): void;
}

/** Receives as the function's role, so that missing queue permissions show. */
export function pollQueue(
  platform: Platform,
  onMessage: OnMessage,
  mapping: QueueMapping,
  fn: () => LambdaFunction,
): Poller {
  const url = queueUrl(platform, mapping.EventSourceArn);
  const limit = Math.min(CONCURRENCY, mapping.ScalingConfig?.MaximumConcurrency ?? CONCURRENCY);
  let running = 0;
  let polling = false;
  let again = false;
  let closed = false;
  let cancelWindow: () => void = () => undefined;
  let cancelRetry: () => void = () => undefined;

  const sqs = (operation: string, input: JsonObject): Promise<JsonObject> =>
    platform.call(fn().caller, 'sqs', operation, { QueueUrl: url, ...input });

  async function pump(): Promise<void> {
    again = true;
    if (polling) return;
    polling = true;
    try {
      while (again && running < limit && !closed) {
        again = false;
        const batch = await receive();
        if (batch.length === 0) continue;
        again = true;
        running += 1;
        void handle(batch)
          .catch(report)
          .finally(() => {
            running -= 1;
            wake();
          });
      }
    } finally {
      polling = false;
    }
  }

  async function receive(): Promise<Message[]> {
    const output = await sqs('ReceiveMessage', {
      MaxNumberOfMessages: mapping.BatchSize,
      AttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    return received.parse(output).Messages ?? [];
  }

  async function handle(batch: readonly Message[]): Promise<void> {
    const Records = batch.map((message) => record(platform, mapping.EventSourceArn, message));
    const outcome = await fn().run({ requestId: randomUUID(), payload: JSON.stringify({ Records }) });
    if (!outcome.ok) return;
    const partial = mapping.FunctionResponseTypes.length > 0;
    const failed = partial
      ? failedItems(
          outcome.payload,
          batch.map((message) => message.MessageId),
        )
      : new Set<string>();
    const done = failed === 'all' ? [] : batch.filter((message) => !failed.has(message.MessageId));
    // Failed messages are left alone: they come back when their visibility time-out is over.
    if (done.length === 0) return;
    const Entries = done.map((message, index) => ({
      Id: String(index),
      ReceiptHandle: message.ReceiptHandle,
    }));
    await sqs('DeleteMessageBatch', { Entries });
  }

  function report(error: unknown): void {
    if (closed) return;
    process.stderr.write(`local AWS: event source ${mapping.EventSourceArn}: ${String(error)}\n`);
    // Lambda never stops polling; without this, a queue whose poll failed would wait for its next message.
    cancelRetry();
    cancelRetry = platform.clock.at(platform.clock.now() + RETRY_MS, wake);
  }
  function wake(): void {
    if (closed) return;
    cancelWindow();
    const now = platform.clock.now();
    cancelWindow = platform.clock.at(now + mapping.MaximumBatchingWindowInSeconds * 1000, () => {
      pump().catch(report);
    });
  }

  const unsubscribe = onMessage(url, wake);
  wake();
  return {
    close() {
      closed = true;
      unsubscribe();
      cancelWindow();
      cancelRetry();
    },
  };
}

function record(platform: Platform, arn: string, message: Message): JsonObject {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, lowerCamel(value)]),
    ),
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
    awsRegion: platform.region,
  };
}

function lowerCamel(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.charAt(0).toLowerCase() + name.slice(1), member]),
  );
}
