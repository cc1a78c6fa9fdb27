/** The operations of SQS that this AWS offers, with their parameters and permissions. */
import { z } from 'zod';
import { operation } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { Authorization, Caller, Json, JsonObject, Platform } from '../../platform.ts';
import { attributesOf, sentShape, toReceived } from './message-shape.ts';
import type { Queue } from './queue-types.ts';

const messageAttributes = z.record(
  z.string(),
  z.strictObject({
    DataType: z.string(),
    StringValue: z.string().optional(),
    BinaryValue: z.string().optional(),
  }),
);
const QueueUrl = z.string();
const outgoing = {
  MessageBody: z.string().min(1),
  DelaySeconds: z.number().int().min(0).max(LIMITS.queueDelay.value).optional(),
  MessageAttributes: messageAttributes.optional(),
};
const visibility = z.number().int().min(0).max(LIMITS.queueVisibility.value);
const entries = <T extends z.ZodRawShape>(
  shape: T,
): z.ZodArray<z.ZodObject<T & { Id: z.ZodString }, z.core.$strict>> =>
  z.array(z.strictObject({ ...shape, Id: z.string() }));
const names = z.array(z.string()).optional();

/** SQS calls every parameter that it cannot take by this name. */
const parameters = <I>(definition: Parameters<typeof operation<I>>[0]): Operation =>
  operation({ invalidCode: 'InvalidParameterValue', ...definition });

export function sqsOperations(
  platform: Platform,
  queues: ReadonlyMap<string, Queue>,
  find: (urlOrName: string) => Queue,
): Readonly<Record<string, Operation>> {
  const { clock } = platform;
  const needs =
    (action: string) =>
    (input: { readonly QueueUrl: string }): Authorization[] => [
      { action, resource: find(input.QueueUrl).arn },
    ];

  return {
    SendMessage: parameters({
      input: z.strictObject({ QueueUrl, ...outgoing }),
      needs: needs('sqs:SendMessage'),
      run: (input, caller) => sentShape(send(find(input.QueueUrl), input, caller)),
    }),
    SendMessageBatch: parameters({
      input: z.strictObject({ QueueUrl, Entries: entries(outgoing) }),
      needs: needs('sqs:SendMessage'),
      run: (input, caller) => {
        requireSmallBatch(input.Entries);
        return each(input.Entries, (entry) => sentShape(send(find(input.QueueUrl), entry, caller)));
      },
    }),
    ReceiveMessage: parameters({
      input: z.strictObject({
        QueueUrl,
        MaxNumberOfMessages: z.number().int().min(1).max(10).optional(),
        VisibilityTimeout: visibility.optional(),
        WaitTimeSeconds: z.number().int().min(0).max(20).optional(),
        AttributeNames: names,
        MessageSystemAttributeNames: names,
        MessageAttributeNames: names,
      }),
      needs: needs('sqs:ReceiveMessage'),
      async run(input) {
        const queue = find(input.QueueUrl);
        const until = clock.now() + (input.WaitTimeSeconds ?? queue.settings.receiveWait) * 1000;
        const receive = (): Json[] =>
          queue.receive(input.MaxNumberOfMessages ?? 1, input.VisibilityTimeout).map((message) =>
            toReceived(message, {
              system: [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])],
              attributes: input.MessageAttributeNames ?? [],
            }),
          );
        let messages = receive();
        while (messages.length === 0 && clock.now() < until) {
          await queue.waitForMessage((until - clock.now()) / 1000);
          messages = receive();
        }
        return messages.length === 0 ? {} : { Messages: messages };
      },
    }),
    DeleteMessage: parameters({
      input: z.strictObject({ QueueUrl, ReceiptHandle: z.string() }),
      needs: needs('sqs:DeleteMessage'),
      run(input) {
        find(input.QueueUrl).delete(input.ReceiptHandle);
        return {};
      },
    }),
    DeleteMessageBatch: parameters({
      input: z.strictObject({ QueueUrl, Entries: entries({ ReceiptHandle: z.string() }) }),
      needs: needs('sqs:DeleteMessage'),
      run: (input) =>
        each(input.Entries, (entry) => {
          find(input.QueueUrl).delete(entry.ReceiptHandle);
          return {};
        }),
    }),
    ChangeMessageVisibility: parameters({
      input: z.strictObject({ QueueUrl, ReceiptHandle: z.string(), VisibilityTimeout: visibility }),
      needs: needs('sqs:ChangeMessageVisibility'),
      run(input) {
        find(input.QueueUrl).changeVisibility(input.ReceiptHandle, input.VisibilityTimeout);
        return {};
      },
    }),
    ChangeMessageVisibilityBatch: parameters({
      input: z.strictObject({
        QueueUrl,
        Entries: entries({ ReceiptHandle: z.string(), VisibilityTimeout: visibility }),
      }),
      needs: needs('sqs:ChangeMessageVisibility'),
      run: (input) =>
        each(input.Entries, (entry) => {
          find(input.QueueUrl).changeVisibility(entry.ReceiptHandle, entry.VisibilityTimeout);
          return {};
        }),
    }),
    GetQueueUrl: parameters({
      input: z.strictObject({
        QueueName: z.string(),
        QueueOwnerAWSAccountId: z.literal(platform.accountId).optional(),
      }),
      needs: (input) => [{ action: 'sqs:GetQueueUrl', resource: find(input.QueueName).arn }],
      run: (input) => ({ QueueUrl: find(input.QueueName).url }),
    }),
    GetQueueAttributes: parameters({
      input: z.strictObject({ QueueUrl, AttributeNames: names }),
      needs: needs('sqs:GetQueueAttributes'),
      run(input) {
        const queue = find(input.QueueUrl);
        const wanted = input.AttributeNames ?? [];
        const all = Object.entries({ ...attributesOf(queue), ...queue.attributes });
        return {
          Attributes: Object.fromEntries(
            all.filter(([name]) => wanted.includes('All') || wanted.includes(name)),
          ),
        };
      },
    }),
    ListQueues: parameters({
      input: z.strictObject({ QueueNamePrefix: z.string().optional() }),
      needs: () => [{ action: 'sqs:ListQueues', resource: '*' }],
      run: ({ QueueNamePrefix: prefix = '' }) => ({
        QueueUrls: [...queues.values()].filter(({ name }) => name.startsWith(prefix)).map(({ url }) => url),
      }),
    }),
    StartMessageMoveTask: parameters({
      input: z.strictObject({ SourceArn: z.string(), DestinationArn: z.string().optional() }),
      needs: (input) => [{ action: 'sqs:StartMessageMoveTask', resource: input.SourceArn }],
      run: (input, caller) => moveMessages([...queues.values()], input, caller),
    }),
    PurgeQueue: parameters({
      input: z.strictObject({ QueueUrl }),
      needs: needs('sqs:PurgeQueue'),
      run(input) {
        find(input.QueueUrl).purge();
        return {};
      },
    }),
  };
}

function send(
  queue: Queue,
  input: z.infer<z.ZodObject<typeof outgoing>>,
  caller: Caller,
): ReturnType<Queue['send']> {
  if (Buffer.byteLength(input.MessageBody) > queue.settings.maximumMessageSize) {
    throw new AwsError(
      'InvalidParameterValue',
      `a message of ${queue.name} has at most ${String(queue.settings.maximumMessageSize)} bytes`,
    );
  }
  const senderId = caller.kind === 'service' ? caller.service : caller.accessKeyId;
  const attributes = input.MessageAttributes ?? {};
  return queue.send({ body: input.MessageBody, attributes, senderId }, input.DelaySeconds);
}

/** Back to where the dead letters came from, as new messages; at once, where AWS takes its time. */
function moveMessages(
  queues: readonly Queue[],
  input: { readonly SourceArn: string; readonly DestinationArn?: string | undefined },
  caller: Caller,
): JsonObject {
  const source = queues.find(({ arn }) => arn === input.SourceArn);
  const target = queues.find(({ arn, settings }) =>
    input.DestinationArn === undefined
      ? settings.redrive?.deadLetterTargetArn === input.SourceArn
      : arn === input.DestinationArn,
  );
  if (source === undefined || target === undefined)
    throw new AwsError('ResourceNotFoundException', 'The resource that you specified does not exist.');
  for (const { body, attributes } of source.messages()) {
    const MessageAttributes = { ...attributes };
    send(target, { MessageBody: body, MessageAttributes }, caller);
  }
  source.purge();
  return { TaskHandle: Buffer.from(source.arn).toString('base64') };
}

function requireSmallBatch(batch: readonly { readonly MessageBody: string }[]): void {
  const bytes = batch.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0);
  const { value: most } = LIMITS.queueMessageBytes;
  if (bytes > most) {
    throw new AwsError('BatchRequestTooLong', `Batch requests cannot be longer than ${String(most)} bytes.`);
  }
}

/** A batch: every entry on its own, failures are told per entry. */
function each<T extends { readonly Id: string }>(
  batch: readonly T[],
  run: (entry: T) => JsonObject,
): JsonObject {
  if (batch.length === 0)
    throw new AwsError('EmptyBatchRequest', 'There should be at least one entry in the batch.');
  if (batch.length > LIMITS.queueBatch.value)
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      `A batch has at most ${String(LIMITS.queueBatch.value)} entries.`,
    );
  if (new Set(batch.map((entry) => entry.Id)).size < batch.length) {
    throw new AwsError('BatchEntryIdsNotDistinct', 'Two or more batch entries have the same Id.');
  }
  const successful: Json[] = [];
  const failed: Json[] = [];
  for (const entry of batch) {
    try {
      successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful: successful, Failed: failed };
}
