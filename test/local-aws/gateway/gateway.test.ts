import { request } from 'node:http';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGateway } from '../../../local-aws/gateway/gateway.ts';
import { createIamService } from '../../../local-aws/services/iam/index.ts';
import { createS3Service } from '../../../local-aws/services/s3/index.ts';
import { createSqsService } from '../../../local-aws/services/sqs/index.ts';
import { createStsService } from '../../../local-aws/services/sts/index.ts';
import { startPlatform } from '../start-platform.ts';
import type { StartedPlatform } from '../start-platform.ts';

let aws: StartedPlatform;

beforeAll(async () => {
  aws = await startPlatform((platform, { access }) => [
    createIamService(platform, access),
    createStsService(platform, access),
    createSqsService(platform),
    createS3Service(platform),
  ]);
  await aws.create('AWS::IAM::Role', {
    RoleName: 'app',
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'rolesanywhere.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    },
    Policies: [
      {
        PolicyName: 'read',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::data/*' }],
        },
      },
    ],
  });
  await aws.create('AWS::S3::Bucket', { BucketName: 'data' });
});
afterAll(() => aws.gateway.close());

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}
function session(lifetimeMs = 900_000): Keys {
  return aws.access.issue({
    roleArn: 'arn:aws:iam::123456789012:role/app',
    sessionName: '0a1b',
    sourceIdentity: 'CN=mi-1',
    expiresAt: aws.clock.now() + lifetimeMs,
  });
}
const sts = (credentials: Keys): STSClient => new STSClient({ ...aws.client, credentials });
const whoAmI = async (credentials: Keys): Promise<string | undefined> =>
  (await sts(credentials).send(new GetCallerIdentityCommand({}))).Arn;

test('an unknown access key is the administrator, an issued one is its session', async () => {
  expect(await whoAmI(aws.client.credentials)).toBe('arn:aws:iam::123456789012:user/administrator');
  expect(await whoAmI(session())).toBe('arn:aws:sts::123456789012:assumed-role/app/0a1b');
});

test('an issued key needs its own secret and token, and only until it expires', async () => {
  const good = session();
  await expect(whoAmI({ ...good, secretAccessKey: 'guessed' })).rejects.toMatchObject({
    name: 'SignatureDoesNotMatch',
  });
  await expect(whoAmI({ ...good, sessionToken: 'other' })).rejects.toMatchObject({
    name: 'UnrecognizedClientException',
  });
  await expect(whoAmI(session(-1))).rejects.toMatchObject({ name: 'ExpiredTokenException' });
});

test('a session of Roles Anywhere may do what its role may, on S3 with its own way of signing, and nothing else', async () => {
  const body = { Bucket: 'data', Key: 'a b/ü.txt' };
  const administrator = new S3Client({ ...aws.client, forcePathStyle: true });
  await administrator.send(new PutObjectCommand({ ...body, Body: 'text' }));
  const s3 = new S3Client({ ...aws.client, forcePathStyle: true, credentials: session() });
  const got = await s3.send(new GetObjectCommand(body));
  expect(await got.Body?.transformToString()).toBe('text');
  await expect(s3.send(new PutObjectCommand({ ...body, Body: 'other' }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
  const forged = { ...session(), secretAccessKey: 'guessed' };
  const forger = new S3Client({ ...aws.client, forcePathStyle: true, credentials: forged });
  await expect(forger.send(new GetObjectCommand(body))).rejects.toMatchObject({
    name: 'SignatureDoesNotMatch',
  });
  // Without s3:ListBucket nobody learns which keys exist.
  await expect(s3.send(new GetObjectCommand({ ...body, Key: 'none' }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
  const sqs = new SQSClient({ ...aws.client, credentials: session() });
  await expect(sqs.send(new ListQueuesCommand({}))).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

test('clients may live in real or in moved time, or have signed before a jump, but not before or after', async () => {
  aws.clock.advance(24 * 3_600_000);
  expect(await whoAmI(aws.client.credentials)).toContain('administrator');
  const at = (offset: number): Promise<unknown> =>
    new STSClient({ ...aws.client, systemClockOffset: offset, maxAttempts: 1 }).send(
      new GetCallerIdentityCommand({}),
    );
  await at(aws.clock.offset());
  await at(aws.clock.offset() / 2);
  const [early, late] = [-16 * 60_000, aws.clock.offset() + 16 * 60_000];
  await expect(at(early)).rejects.toMatchObject({ name: 'RequestExpired' });
  await expect(at(late)).rejects.toMatchObject({ name: 'RequestExpired' });
});

test('a key that expired long ago never turns into an administrator', async () => {
  const old = session();
  aws.clock.advance(30 * 24 * 3_600_000);
  for (let issued = 0; issued < 1000; issued += 1) session();
  expect(aws.access.issuedKey(old.accessKeyId)).toBeUndefined();
  await expect(whoAmI(old)).rejects.toMatchObject({ name: 'ExpiredTokenException' });
});

test('every call is recorded without its content', async () => {
  const before = aws.gateway.calls().at(-1)?.index ?? -1;
  await whoAmI(aws.client.credentials);
  await sts({ ...session(), secretAccessKey: 'x' })
    .send(new GetCallerIdentityCommand({}))
    .catch(() => undefined);
  const calls = await aws.control('GET', `/_local/calls?after=${String(before)}`);
  expect(calls).toMatchObject([
    { scope: 'sts', operation: 'GetCallerIdentity', caller: 'administrator', status: 200 },
    { operation: 'GetCallerIdentity', caller: 'nobody', status: 403, error: 'SignatureDoesNotMatch' },
  ]);
});

test('a call fails when ordered to, before or after it took effect', async () => {
  const { ref: QueueUrl } = await aws.create('AWS::SQS::Queue', { QueueName: 'faulty' });
  const sqs = new SQSClient({ ...aws.client, maxAttempts: 1 });
  const send = (): Promise<unknown> => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const fault = { scope: 'sqs', operation: 'SendMessage', code: 'ThrottlingException' };
  await aws.control('POST', '/_local/faults', { ...fault, caller: 'somebody else' });
  await send();
  await aws.control('POST', '/_local/faults', { ...fault, when: 'after' });
  await expect(send()).rejects.toMatchObject({ name: 'ThrottlingException' });
  await send();
  await aws.control('POST', '/_local/faults/clear', {});
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
  expect((await sqs.send(asked)).Attributes?.['ApproximateNumberOfMessages']).toBe('3');
});

async function raw(headers: Record<string, string>, path = '/'): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: aws.gateway.port, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
    })
      .on('error', reject)
      .end();
  });
}

test('unsigned requests, web pages and foreign host names are refused', async () => {
  const refusal = async (headers: Record<string, string>, path?: string): Promise<string> => {
    const { status, text } = await raw(headers, path);
    return `${String(status)} ${text}`;
  };
  expect(await refusal({})).toMatch(/^403 .*MissingAuthenticationToken/);
  expect(await refusal({ host: 'evil.example:80' }, '/_local/clock')).toMatch(/^403 .*not a loopback name/);
  expect(await refusal({ origin: 'https://evil.example' }, '/_local/clock')).toMatch(/^403 .*web pages/);
  expect(await refusal({ host: 'bucket.localhost' })).toMatch(/^403 .*path-style/);
});

test('an unknown service or control is named', async () => {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const credential = `AKIDX/${stamp.slice(0, 8)}/us-east-1/glacier/aws4_request`;
  const answer = await raw({
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
    'x-amz-date': stamp,
  });
  expect(answer.status).toBe(404);
  expect(answer.text).toContain('no service glacier');
  expect((await raw({}, '/_local/nothing')).text).toContain('GET /_local/nothing');
});

test('a busy port gives one sentence', async () => {
  const { clock, access, platform } = aws;
  await expect(createGateway({ ...platform, clock, access, port: aws.gateway.port })).rejects.toThrow(
    `port ${String(aws.gateway.port)} on 127.0.0.1 is in use`,
  );
});
