import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Message } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSqsService } from '../../../local-aws/services/sqs/index.ts';
import type { SqsService } from '../../../local-aws/services/sqs/index.ts';
import { administrator, startPlatform } from '../start-platform.ts';
import type { StartedPlatform } from '../start-platform.ts';

let aws: StartedPlatform;
let sqs: SqsService | undefined;
let client: SQSClient;

beforeAll(async () => {
  aws = await startPlatform((platform) => {
    sqs = createSqsService(platform);
    return [sqs];
  });
  client = new SQSClient(aws.client);
});
afterAll(async () => {
  client.destroy();
  await aws.gateway.close();
});

async function queue(name: string, properties = {}): Promise<string> {
  const created = await aws.create('AWS::SQS::Queue', {
    QueueName: name,
    SqsManagedSseEnabled: true,
    VisibilityTimeout: 180,
    ...properties,
  });
  return created.ref;
}
async function receive(QueueUrl: string, more = {}): Promise<Message[]> {
  const answer = await client.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
      ...more,
    }),
  );
  return answer.Messages ?? [];
}

test('a delayed message appears when its delay is over in moved time, and wakes who waits for it', async () => {
  const url = await queue('delayed');
  let woken = 0;
  const stop = sqs?.onMessage(url, () => (woken += 1));
  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'later', DelaySeconds: 120 }));
  expect(await receive(url)).toEqual([]);
  expect(woken).toBe(0);
  aws.clock.advance(121_000);
  expect(woken).toBe(1);
  expect(await receive(url)).toMatchObject([{ Body: 'later', Attributes: { ApproximateReceiveCount: '1' } }]);
  stop?.();
});

test('a message received too often goes to the dead-letter queue', async () => {
  const dead = await aws.create('AWS::SQS::Queue', { QueueName: 'dead' });
  const url = await queue('redriven', {
    RedrivePolicy: { deadLetterTargetArn: dead.attributes['Arn'] ?? '', maxReceiveCount: 2 },
  });
  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'poison' }));
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await receive(url)).toHaveLength(1);
    expect(await receive(url)).toHaveLength(0);
    aws.clock.advance(181_000);
  }
  expect(await receive(url)).toHaveLength(0);
  expect(await receive(dead.ref)).toMatchObject([
    { Body: 'poison', Attributes: { ApproximateReceiveCount: '3' } },
  ]);
});

test('batches tell success entry by entry, and a message made visible again comes back', async () => {
  const url = await queue('batches');
  const Entries = ['a', 'b', 'c'].map((Id) => ({
    Id,
    MessageBody: Id,
    MessageAttributes: { attempt: { DataType: 'String', StringValue: '1' } },
  }));
  const sent = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  expect(sent.Successful).toHaveLength(3);
  const messages = await receive(url, { MessageAttributeNames: ['All'] });
  expect(messages.map((message) => message.MessageAttributes?.['attempt']?.StringValue)).toEqual([
    '1',
    '1',
    '1',
  ]);
  const handles = messages.map((message) => message.ReceiptHandle ?? '');
  await client.send(
    new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: handles[0], VisibilityTimeout: 0 }),
  );
  await client.send(
    new DeleteMessageBatchCommand({
      QueueUrl: url,
      Entries: handles.slice(1).map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle })),
    }),
  );
  expect((await receive(url)).map((message) => message.Body)).toEqual(['a']);
  const { Attributes: attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  expect(attributes).toMatchObject({
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '1',
    VisibilityTimeout: '180',
    SqsManagedSseEnabled: 'true',
  });
});

test('a long poll ends as soon as a message arrives', async () => {
  const url = await queue('polled');
  const waiting = receive(url, { WaitTimeSeconds: 20 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await aws.platform.call(administrator, 'sqs', 'SendMessage', { QueueUrl: url, MessageBody: 'now' });
  expect(await waiting).toMatchObject([{ Body: 'now' }]);
});

test('what is not there or not supported is refused by name', async () => {
  await expect(receive(`${aws.gateway.endpoint}/123456789012/none`)).rejects.toThrow(QueueDoesNotExist);
  await expect(queue('fifo', { FifoQueue: true })).rejects.toThrow('FifoQueue');
  const url = await queue('strict');
  const refused = aws.platform.call(administrator, 'sqs', 'SendMessage', {
    QueueUrl: url,
    MessageBody: 'x',
    MessageGroupId: 'g',
  });
  await expect(refused).rejects.toThrow('MessageGroupId');
});
