/** Messages and queues as clients see them, and the MD5 sums that clients check. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../platform.ts';
import type { Message, MessageAttribute, Queue } from './queue-types.ts';

export interface Wanted {
  readonly system: readonly string[];
  readonly attributes: readonly string[];
}

export function toReceived(message: Message, wanted: Wanted): JsonObject {
  const system: Record<string, string> = {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt ?? message.sentAt),
  };
  const asked = Object.entries(system).filter(
    ([name]) => wanted.system.includes('All') || wanted.system.includes(name),
  );
  const attributes = Object.fromEntries(
    Object.entries(message.attributes).filter(([name]) =>
      wanted.attributes.some((one) => attributeMatches(one, name)),
    ),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt ?? '',
    Body: message.body,
    MD5OfBody: message.md5,
    ...(asked.length === 0 ? {} : { Attributes: Object.fromEntries(asked) }),
    ...(Object.keys(attributes).length === 0
      ? {}
      : {
          MessageAttributes: attributesToJson(attributes),
          MD5OfMessageAttributes: md5OfAttributes(attributes),
        }),
  };
}

export function sentShape(message: Message): JsonObject {
  return {
    MessageId: message.id,
    MD5OfMessageBody: message.md5,
    ...(Object.keys(message.attributes).length === 0
      ? {}
      : { MD5OfMessageAttributes: md5OfAttributes(message.attributes) }),
  };
}

function attributesToJson(attributes: Readonly<Record<string, MessageAttribute>>): JsonObject {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]): [string, JsonObject] => [
      name,
      {
        DataType,
        ...(StringValue === undefined ? {} : { StringValue }),
        ...(BinaryValue === undefined ? {} : { BinaryValue }),
      },
    ]),
  );
}

function attributeMatches(wanted: string, name: string): boolean {
  if (wanted === 'All' || wanted === '.*') return true;
  return wanted.endsWith('.*') ? name.startsWith(wanted.slice(0, -1)) : wanted === name;
}

/** Names in order; each part with its length in front; 1 marks text, 2 marks bytes. */
function md5OfAttributes(attributes: Readonly<Record<string, MessageAttribute>>): string {
  const hash = createHash('md5');
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const attribute = attributes[name];
    if (attribute === undefined) continue;
    const binary = attribute.BinaryValue;
    add(Buffer.from(name));
    add(Buffer.from(attribute.DataType));
    hash.update(Buffer.from([binary === undefined ? 1 : 2]));
    add(binary === undefined ? Buffer.from(attribute.StringValue ?? '') : Buffer.from(binary, 'base64'));
  }
  return hash.digest('hex');
}

/** The computed attributes of a queue. */
export function attributesOf(queue: Queue): Record<string, string> {
  const { settings } = queue;
  const { visible, delayed, inFlight } = queue.counts();
  const createdAt = String(Math.floor(queue.createdAt / 1000));
  return {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    CreatedTimestamp: createdAt,
    LastModifiedTimestamp: createdAt,
    VisibilityTimeout: String(settings.visibilityTimeout),
    MaximumMessageSize: String(settings.maximumMessageSize),
    MessageRetentionPeriod: String(settings.retentionPeriod),
    DelaySeconds: String(settings.delay),
    ReceiveMessageWaitTimeSeconds: String(settings.receiveWait),
    ...(settings.redrive === undefined ? {} : { RedrivePolicy: JSON.stringify(settings.redrive) }),
  };
}
