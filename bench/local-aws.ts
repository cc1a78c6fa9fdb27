/** `node bench/local-aws.ts`: mixed API calls per second of the local AWS, from the SDK's clients over HTTP. */
import { DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { print } from '../cli/terminal.ts';
import { synthesize } from '../cli/synthesize.ts';
import { startLocalAws } from '../local-aws/index.ts';

export interface Throughput {
  readonly readySeconds: number;
  readonly calls: number;
  readonly callsPerSecond: number;
}

const SECONDS = 8;
const CLIENTS = 16;

/** Starts a local AWS with the real template and two hosts, and calls it for a few seconds as fast as it answers. */
export async function measureThroughput(): Promise<Throughput> {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-bench-'));
  try {
    await synthesize(directory);
    const begun = performance.now();
    const aws = await startLocalAws({ assembly: directory, hosts: 2 });
    const readySeconds = (performance.now() - begun) / 1000;
    try {
      const { endpoint, region } = aws;
      const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
      const mix = callsOf({ endpoint, region, credentials });
      await Promise.all(Array.from({ length: CLIENTS }, (_, index) => rounds(mix, index, 0.5)));
      const started = performance.now();
      const made = await Promise.all(
        Array.from({ length: CLIENTS }, (_, index) => rounds(mix, index, SECONDS)),
      );
      const calls = made.reduce((sum, one) => sum + one, 0);
      return { readySeconds, calls, callsPerSecond: calls / ((performance.now() - started) / 1000) };
    } finally {
      await aws.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

type Call = (worker: number, round: number) => Promise<unknown>;
interface Connection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** One write, one conditional update, two reads, a message sent, received and deleted, who am I, which nodes. */
function callsOf(connection: Connection): readonly Call[] {
  const dynamodb = new DynamoDBClient(connection);
  const sqs = new SQSClient(connection);
  const sts = new STSClient(connection);
  const ssm = new SSMClient(connection);
  const TableName = 'certificate-ledger';
  const QueueUrl = `${connection.endpoint}/123456789012/certvend-issuance-dead-letters`;
  const key = (worker: number, round: number) => ({
    certificateArn: { S: `bench-${String(worker)}-${String(round % 50)}` },
  });
  return [
    (worker, round) =>
      dynamodb.send(
        new PutItemCommand({ TableName, Item: { ...key(worker, round), hostID: { S: 'bench' } } }),
      ),
    (worker, round) =>
      dynamodb.send(
        new UpdateItemCommand({
          TableName,
          Key: key(worker, round),
          UpdateExpression: 'SET outcome = :o',
          ConditionExpression: 'attribute_exists(certificateArn)',
          ExpressionAttributeValues: { ':o': { S: 'issued' } },
        }),
      ),
    (worker, round) => dynamodb.send(new GetItemCommand({ TableName, Key: key(worker, round) })),
    (worker, round) =>
      dynamodb.send(new GetItemCommand({ TableName, Key: key(worker, round), ConsistentRead: true })),
    (worker) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `bench ${String(worker)}` })),
    async () => {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
      for (const { ReceiptHandle } of Messages)
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      return Messages.length;
    },
    () => sts.send(new GetCallerIdentityCommand({})),
    () => ssm.send(new DescribeInstanceInformationCommand({ MaxResults: 50 })),
  ];
}

/** How many calls one client made, one after the other; a received message is deleted with a second call. */
async function rounds(mix: readonly Call[], worker: number, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1000;
  let made = 0;
  for (let round = 0; performance.now() < until; round += 1) {
    for (const call of mix) {
      const deleted = await call(worker, round);
      made += typeof deleted === 'number' ? 1 + deleted : 1;
    }
  }
  return made;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { readySeconds, calls, callsPerSecond } = await measureThroughput();
  print(`start to ready, template deployed  ${readySeconds.toFixed(1)} s`);
  print(
    `mixed API calls                    ${String(calls)} in ${String(SECONDS)} s = ${callsPerSecond.toFixed(0)} calls/s (${String(CLIENTS)} clients)`,
  );
}
