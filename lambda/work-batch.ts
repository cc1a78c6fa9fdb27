/** One batch of a queue: each message stands for itself, and only those that failed come back. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { WorkItem } from '../src/core/messages.ts';
import { eachBounded } from '../src/workflows/bounded.ts';
import { workItem } from './events.ts';
import { flushMetrics, logError } from './telemetry.ts';

const WIDTH = 5;

export async function workBatch(
  event: SQSEvent,
  work: (item: WorkItem, redelivered: boolean) => Promise<void>,
): Promise<SQSBatchResponse> {
  const failed = await eachBounded(event.Records, WIDTH, async (record) => {
    try {
      const item = workItem(record);
      if (item !== undefined) await work(item, Number(record.attributes.ApproximateReceiveCount) > 1);
      return [];
    } catch (error) {
      logError(`message ${record.messageId} failed`, error);
      return [{ itemIdentifier: record.messageId }];
    }
  });
  flushMetrics();
  return { batchItemFailures: failed.flat() };
}
