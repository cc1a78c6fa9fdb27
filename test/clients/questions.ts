/** Questions about DynamoDB, SQS, SNS and S3 whose answers do not depend on who answers them. */
import type { Answer } from './ask.ts';

export interface Places {
  readonly table: string;
  readonly queue: string;
  readonly topic: string;
  readonly bucket: string;
}
/** What to ask; a function gets the answers so far. */
export type Question = readonly [
  label: string,
  service: 'dynamodb' | 'sqs' | 'sns' | 's3',
  operation: string,
  input: Answer | ((answers: ReadonlyMap<string, Answer>) => Answer),
];

export const questions = ({ table, queue, topic, bucket }: Places): readonly Question[] => [
  ...dynamodb(table),
  ...sqs(queue),
  ...sns(topic),
  ...s3(bucket),
];

const key = (name: string): Answer => ({ certificateArn: { S: name } });

function dynamodb(TableName: string): Question[] {
  const on = (label: string, operation: string, input: Answer): Question => [
    label,
    'dynamodb',
    operation,
    { TableName, ...input },
  ];
  const put = (name: string, more: Answer = {}): Answer => ({ Item: { ...key(name), ...more } });
  const update = (UpdateExpression: string, values: Answer = {}, more: Answer = {}): Answer => ({
    Key: key('b'),
    UpdateExpression,
    ReturnValues: 'ALL_NEW',
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
    ...more,
  });
  const host = (n: number): Answer => ({ hostID: { S: 'h' }, issuedAt: { S: `2026-01-0${String(n)}` } });
  const byHost = {
    IndexName: 'host',
    KeyConditionExpression: 'hostID = :h',
    ExpressionAttributeValues: { ':h': { S: 'h' } },
  };
  return [
    on('get nothing', 'GetItem', { Key: key('a') }),
    on(
      'put',
      'PutItem',
      put('a', {
        n: { N: '1' },
        list: { L: [{ S: 'x' }, { NULL: true }] },
        map: { M: { b: { BOOL: true } } },
        set: { SS: ['x', 'y'] },
      }),
    ),
    on('put gives the old one', 'PutItem', { ...put('a', { n: { N: '2' } }), ReturnValues: 'ALL_OLD' }),
    on('get consistently', 'GetItem', { Key: key('a'), ConsistentRead: true }),
    on('get a part', 'GetItem', {
      Key: key('a'),
      ProjectionExpression: '#n',
      ExpressionAttributeNames: { '#n': 'n' },
    }),
    on('put on a condition that fails', 'PutItem', {
      ...put('a'),
      ConditionExpression: 'attribute_not_exists(certificateArn)',
    }),
    on('put on a condition that holds', 'PutItem', {
      ...put('b'),
      ConditionExpression: 'attribute_not_exists(certificateArn)',
    }),
    on(
      'update: set, if_not_exists, list_append',
      'UpdateItem',
      update('SET a = :a, c = if_not_exists(c, :a), l = list_append(if_not_exists(l, :e), :l)', {
        ':a': { S: 'x' },
        ':e': { L: [] },
        ':l': { L: [{ N: '1' }] },
      }),
    ),
    on(
      'update: remove and add',
      'UpdateItem',
      update('REMOVE a ADD n :n, s :s', { ':n': { N: '5' }, ':s': { SS: ['q'] } }),
    ),
    on('update: arithmetic', 'UpdateItem', update('SET n = n - :n', { ':n': { N: '0.5' } })),
    on(
      'update gives what it changed',
      'UpdateItem',
      update('SET n = :n', { ':n': { N: '9' } }, { ReturnValues: 'UPDATED_OLD' }),
    ),
    on('update a number that is text', 'UpdateItem', update('ADD c :n', { ':n': { N: '1' } })),
    on(
      'update on a condition that fails',
      'UpdateItem',
      update('SET n = :n', { ':n': { N: '1' } }, { ConditionExpression: 'n = :n' }),
    ),
    on('update of the key', 'UpdateItem', update('SET certificateArn = :n', { ':n': { S: 'z' } })),
    on('a value that is not used', 'UpdateItem', update('REMOVE a', { ':unused': { S: 'x' } })),
    on('a value that is not given', 'UpdateItem', update('SET a = :missing')),
    on('an expression that is none', 'UpdateItem', update('SET SET', { ':a': { S: 'x' } })),
    on('a key of the wrong type', 'GetItem', { Key: { certificateArn: { N: '1' } } }),
    on('a key of another name', 'GetItem', { Key: { id: { S: '1' } } }),
    on('an empty key', 'PutItem', put('')),
    ['no such table', 'dynamodb', 'GetItem', { TableName: 'nowhere', Key: key('a') }],
    ...[1, 2, 3].map((n) => on(`put into the index ${String(n)}`, 'PutItem', put(`i${String(n)}`, host(n)))),
    on('query the index', 'Query', byHost),
    on('query backwards', 'Query', { ...byHost, ScanIndexForward: false, Limit: 1 }),
    on('query with a filter', 'Query', {
      ...byHost,
      FilterExpression: 'begins_with(certificateArn, :f)',
      ExpressionAttributeValues: { ':h': { S: 'h' }, ':f': { S: 'i2' } },
    }),
    on('query between', 'Query', {
      ...byHost,
      KeyConditionExpression: 'hostID = :h AND issuedAt BETWEEN :a AND :b',
      ExpressionAttributeValues: { ':h': { S: 'h' }, ':a': { S: '2026-01-02' }, ':b': { S: '2026-01-09' } },
    }),
    on('count', 'Query', { ...byHost, Select: 'COUNT' }),
    on('query without its key', 'Query', { ...byHost, KeyConditionExpression: 'issuedAt = :h' }),
    on('query an index that is none', 'Query', { ...byHost, IndexName: 'nowhere' }),
    on('scan with a filter', 'Scan', {
      FilterExpression: 'n >= :n AND attribute_type(n, :t)',
      ExpressionAttributeValues: { ':n': { N: '2' }, ':t': { S: 'N' } },
      Select: 'COUNT',
    }),
    [
      'batch get',
      'dynamodb',
      'BatchGetItem',
      { RequestItems: { [TableName]: { Keys: [key('a')], ProjectionExpression: 'n' } } },
    ],
    [
      'batch get the same twice',
      'dynamodb',
      'BatchGetItem',
      { RequestItems: { [TableName]: { Keys: [key('a'), key('a')] } } },
    ],
    [
      'batch write',
      'dynamodb',
      'BatchWriteItem',
      { RequestItems: { [TableName]: [{ PutRequest: put('w') }, { DeleteRequest: { Key: key('i1') } }] } },
    ],
    on('delete gives the old one', 'DeleteItem', { Key: key('a'), ReturnValues: 'ALL_OLD' }),
    on('delete nothing', 'DeleteItem', { Key: key('a') }),
    on('delete on a condition that fails', 'DeleteItem', {
      Key: key('a'),
      ConditionExpression: 'attribute_exists(n)',
    }),
  ];
}

function sqs(QueueUrl: string): Question[] {
  const on = (label: string, operation: string, input: Answer): Question => [
    label,
    'sqs',
    operation,
    { QueueUrl, ...input },
  ];
  const received = (answers: ReadonlyMap<string, Answer>): unknown =>
    // The label below asks for one message; its handle is all that is needed.
    (answers.get('receive')?.['Messages'] as { ReceiptHandle: string }[] | undefined)?.[0]?.ReceiptHandle;
  const Entries = (...ids: string[]): Answer => ({ Entries: ids.map((Id) => ({ Id, MessageBody: 'x' })) });
  return [
    ['queue by name', 'sqs', 'GetQueueUrl', { QueueName: QueueUrl.split('/').at(-1) }],
    ['no such queue by name', 'sqs', 'GetQueueUrl', { QueueName: 'nowhere' }],
    ['no such queue', 'sqs', 'SendMessage', { QueueUrl: `${QueueUrl}-nowhere`, MessageBody: 'x' }],
    on('receive nothing', 'ReceiveMessage', {}),
    on('send', 'SendMessage', {
      MessageBody: 'hello',
      MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } },
    }),
    on('receive', 'ReceiveMessage', {
      MessageAttributeNames: ['All'],
      AttributeNames: ['ApproximateReceiveCount'],
    }),
    on('it is invisible now', 'ReceiveMessage', {}),
    [
      'make it visible',
      'sqs',
      'ChangeMessageVisibility',
      (answers) => ({ QueueUrl, ReceiptHandle: received(answers), VisibilityTimeout: 0 }),
    ],
    on('receive it again', 'ReceiveMessage', { AttributeNames: ['ApproximateReceiveCount'] }),
    ['delete', 'sqs', 'DeleteMessage', (answers) => ({ QueueUrl, ReceiptHandle: received(answers) })],
    on('delete with no handle', 'DeleteMessage', { ReceiptHandle: 'nonsense' }),
    on('an empty body', 'SendMessage', { MessageBody: '' }),
    on('too long a delay', 'SendMessage', { MessageBody: 'x', DelaySeconds: 901 }),
    on('receive too many', 'ReceiveMessage', { MaxNumberOfMessages: 11 }),
    on('wait too long', 'ReceiveMessage', { WaitTimeSeconds: 21 }),
    on('send a batch', 'SendMessageBatch', Entries('a', 'b')),
    on('send an empty batch', 'SendMessageBatch', { Entries: [] }),
    on(
      'send eleven',
      'SendMessageBatch',
      Entries(...Array.from({ length: 11 }, (_none, n) => `m${String(n)}`)),
    ),
    on('send the same id twice', 'SendMessageBatch', Entries('a', 'a')),
    on('attributes', 'GetQueueAttributes', { AttributeNames: ['QueueArn', 'DelaySeconds'] }),
    on('an attribute that is none', 'GetQueueAttributes', { AttributeNames: ['Colour'] }),
    on('purge', 'PurgeQueue', {}),
  ];
}

function sns(TopicArn: string): Question[] {
  const on = (label: string, operation: string, input: Answer): Question => [label, 'sns', operation, input];
  return [
    on('publish', 'Publish', { TopicArn, Message: 'hello', Subject: 'a subject' }),
    on('publish nowhere', 'Publish', { TopicArn: `${TopicArn}-nowhere`, Message: 'hello' }),
    on('publish nothing', 'Publish', { TopicArn, Message: '' }),
    on('a subject of 101 characters', 'Publish', { TopicArn, Message: 'x', Subject: 'x'.repeat(101) }),
    on('attributes of no topic', 'GetTopicAttributes', { TopicArn: `${TopicArn}-nowhere` }),
    on('subscriptions', 'ListSubscriptionsByTopic', { TopicArn }),
  ];
}

function s3(Bucket: string): Question[] {
  const on = (label: string, operation: string, input: Answer): Question => [
    label,
    's3',
    operation,
    { Bucket, ...input },
  ];
  const Body = { $blob: Buffer.from('hello').toString('base64') };
  return [
    on('put an object', 'PutObject', {
      Key: 'questions/a b+ü.crl',
      Body,
      ContentType: 'text/plain',
      Metadata: { colour: 'red' },
    }),
    on('get it', 'GetObject', { Key: 'questions/a b+ü.crl' }),
    on('look at it', 'HeadObject', { Key: 'questions/a b+ü.crl' }),
    on('get what is not there', 'GetObject', { Key: 'nowhere' }),
    on('look at what is not there', 'HeadObject', { Key: 'nowhere' }),
    ['no such bucket', 's3', 'GetObject', { Bucket: 'nowhere-at-all', Key: 'x' }],
    ['look at no bucket', 's3', 'HeadBucket', { Bucket: 'nowhere-at-all' }],
    on('put an empty object', 'PutObject', { Key: 'questions/empty', Body: { $blob: '' } }),
    on('list', 'ListObjectsV2', { Prefix: 'questions/' }),
    on('list one', 'ListObjectsV2', { Prefix: 'questions/', MaxKeys: 1 }),
    on('list folders', 'ListObjectsV2', { Prefix: 'q', Delimiter: '/' }),
    on('list nothing', 'ListObjectsV2', { Prefix: 'nowhere/' }),
    on('list as of old', 'ListObjects', { Prefix: 'questions/', MaxKeys: 1 }),
    on('delete it', 'DeleteObject', { Key: 'questions/a b+ü.crl' }),
    on('delete it again', 'DeleteObject', { Key: 'questions/a b+ü.crl' }),
  ];
}
