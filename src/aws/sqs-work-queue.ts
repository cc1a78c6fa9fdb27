import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { CertvendError } from '../core/errors.ts';
import type { QueueName, QueuedMessage, WorkQueue } from '../ports/work-queue.ts';
import { calling } from './sdk-errors.ts';

/** SendMessageBatch takes 10 messages. */
const BATCH = 10;

export function sqsWorkQueue(client: SQSClient, urls: Readonly<Record<QueueName, string>>): WorkQueue {
  async function sendBatch(queue: QueueName, messages: readonly QueuedMessage[]): Promise<void> {
    const Entries = messages.map(({ message, delaySeconds }, index) => ({
      Id: String(index),
      MessageBody: JSON.stringify(message),
      DelaySeconds: delaySeconds,
    }));
    const { Failed = [] } = await calling('SendMessageBatch', () =>
      client.send(new SendMessageBatchCommand({ QueueUrl: urls[queue], Entries })),
    );
    // Those that were taken twice do no harm: they carry their attempt.
    if (Failed.length > 0)
      throw new CertvendError(
        'Unavailable',
        `SendMessageBatch: ${String(Failed.length)} of ${String(messages.length)} messages were not taken`,
      );
  }

  return {
    async send(messages) {
      for (const queue of ['issuance', 'deployment'] as const) {
        const ofQueue = messages.filter((message) => message.queue === queue);
        for (let from = 0; from < ofQueue.length; from += BATCH)
          await sendBatch(queue, ofQueue.slice(from, from + BATCH));
      }
    },
  };
}
