/** The same questions to moto, a second opinion on DynamoDB, SQS, SNS and S3. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../cli/demo/fleet.ts';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { startFleet } from '../e2e/fleet.ts';
import { askBoto3 } from './ask.ts';
import type { Answer, Asking } from './ask.ts';
import { questions } from './questions.ts';
import type { Places } from './questions.ts';
import { environment, tool } from './tools.ts';

/** Where the two differ, and who is right. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'dynamodb: a key of the wrong type': 'AWS refuses it with ValidationException; moto finds nothing',
  'dynamodb: query an index that is none':
    'AWS answers ValidationException (the table does not have the specified index)',
  'dynamodb: batch write': 'moto answers ItemCollectionMetrics, which was not asked for',
  'sqs: an empty body': 'AWS refuses it (a message has at least one character); moto takes it',
  'sns: publish nothing': 'AWS answers InvalidParameter (empty message); moto takes it',
  's3: put an object': 'AWS says ChecksumType beside a checksum; moto does not',
  's3: put an empty object': 'the checksum of nothing is not kept (fauxqs fails over it)',
  's3: list': 'the checksum algorithm of an object is not listed',
  's3: list one': 'the checksum algorithm of an object is not listed',
  's3: list as of old': 'AWS tells the Marker also when it is empty; moto does not',
  's3: get it': 'AWS says ChecksumType beside a checksum; moto does not',
};

let fleet: Fleet;
let server: ChildProcess;
let ours: Asking;
let moto: Asking;
let motoEndpoint: string;
beforeAll(async () => {
  fleet = await startFleet(1);
  const port = await freePort();
  motoEndpoint = `http://127.0.0.1:${String(port)}`;
  server = spawn(tool('moto_server'), ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  await eventually(
    () =>
      fetch(motoEndpoint).then(
        () => true,
        () => false,
      ),
    (up) => up,
    () => 'moto did not start',
  );
  const env = environment(fleet.aws);
  ours = askBoto3(env);
  moto = askBoto3({ ...env, AWS_ENDPOINT_URL: motoEndpoint });
});
afterAll(async () => {
  ours.close();
  moto.close();
  server.kill();
  await fleet.aws.close();
});

test('moto answers the same, but for differences with a reason', async () => {
  const { aws, outputs } = fleet;
  const places: Places = {
    table: 'certificate-ledger',
    queue: `${aws.endpoint}/${aws.accountId}/certvend-check-dead-letters`,
    topic: `arn:aws:sns:${aws.region}:${aws.accountId}:FailedCertRotationTopic`,
    bucket: outputs['CRLBucketName'] ?? '',
  };
  const motoPlaces = await furnish(moto, places);
  const [here, there] = [await answersOf(ours, places), await answersOf(moto, motoPlaces)];
  const found = [...here].filter(
    ([label, answer]) => comparable(answer) !== comparable(there.get(label) ?? {}),
  );
  const unexpected = found
    .filter(([label]) => DIFFERENCES[label] === undefined)
    .map(([label, answer]) => ({
      label,
      ours: comparable(answer),
      moto: comparable(there.get(label) ?? {}),
    }));
  expect(unexpected).toEqual([]);
  // A difference that is gone must not stay in the list.
  expect(found.map(([label]) => label).sort()).toEqual(Object.keys(DIFFERENCES).sort());
});

/** What the template makes on the local AWS. */
async function furnish({ ask }: Asking, { table, queue, topic, bucket }: Places): Promise<Places> {
  const string = (AttributeName: string): Answer => ({ AttributeName, AttributeType: 'S' });
  await ask('dynamodb', 'CreateTable', {
    TableName: table,
    AttributeDefinitions: [string('certificateArn'), string('hostID'), string('issuedAt')],
    KeySchema: [{ AttributeName: 'certificateArn', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'host',
        KeySchema: [
          { AttributeName: 'hostID', KeyType: 'HASH' },
          { AttributeName: 'issuedAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  });
  const { QueueUrl } = await ask('sqs', 'CreateQueue', { QueueName: queue.split('/').at(-1) });
  const { TopicArn } = await ask('sns', 'CreateTopic', { Name: topic.split(':').at(-1) });
  await ask('sns', 'Subscribe', { TopicArn, Protocol: 'email', Endpoint: 'ops@example.com' });
  await ask('s3', 'CreateBucket', { Bucket: bucket });
  return { table, queue: String(QueueUrl), topic: String(TopicArn), bucket };
}

async function answersOf({ ask }: Asking, places: Places): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const [label, service, operation, input] of questions(places)) {
    const asked = typeof input === 'function' ? input(answers) : input;
    answers.set(`${service}: ${label}`, await ask(service, operation, asked));
    answers.set(label, answers.get(`${service}: ${label}`) ?? {});
  }
  return new Map([...answers].filter(([label]) => /^(?:dynamodb|sqs|sns|s3): /.test(label)));
}

/** Ids, handles, times and addresses are everybody's own, and so are the words of messages. */
function comparable(answer: Answer): string {
  return JSON.stringify(masked(answer));
}

const OWN =
  /^(?:MessageId|ReceiptHandle|QueueUrl|SubscriptionArn|LastModified|message|Owner|VersionId|NextContinuationToken|NextMarker)$/;

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // moto tells it unasked; the local AWS does not model capacity.
      .filter(([key]) => key !== 'ConsumedCapacity')
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, one]) => [key, OWN.test(key) ? '…' : masked(one)]),
  );
}

async function freePort(): Promise<number> {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address with a port.
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  return port;
}
