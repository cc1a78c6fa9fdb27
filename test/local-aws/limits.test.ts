import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalClock } from '../../local-aws/clock.ts';
import { LIMITS } from '../../local-aws/limits.ts';
import type { Limit } from '../../local-aws/limits.ts';
import type { Json, JsonObject, Service } from '../../local-aws/platform.ts';
import { createEventsService } from '../../local-aws/services/events/index.ts';
import { createLambdaService } from '../../local-aws/services/lambda/index.ts';
import { functionShape } from '../../local-aws/services/lambda/resources.ts';
import { createLogStore } from '../../local-aws/services/logs/store.ts';
import { createRolesAnywhereService } from '../../local-aws/services/rolesanywhere/index.ts';
import { createSqsService } from '../../local-aws/services/sqs/index.ts';
import { createSsmService } from '../../local-aws/services/ssm/index.ts';
import { createAuthority, createHost, issueFor, issueInput } from './private-ca.ts';
import { administrator, create, createSmallPlatform } from './small-platform.ts';
import type { SmallPlatform } from './small-platform.ts';
import { startPlatform } from './start-platform.ts';
import type { StartedPlatform } from './start-platform.ts';

const SOURCES = fileURLToPath(new URL('../../local-aws', import.meta.url));

describe('the table of limits', () => {
  const code = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'limits.ts')
    .map((name) => readFileSync(join(SOURCES, name), 'utf8'))
    .join('\n');

  test.each(Object.entries<Limit>(LIMITS))(
    '%s is kept by a service and has a source',
    (name, { source, value }) => {
      expect(code).toMatch(new RegExp(`\\bLIMITS\\.${name}\\b|\\b${name}\\b[^;]*} = LIMITS;`));
      expect(source).toMatch(/\.html|^model: |^a guess/);
      expect(value).toBeGreaterThan(0);
    },
  );
});

/** How many of the calls made at once pass, and how the first refusal is called. */
async function passing(
  times: number,
  call: () => Promise<unknown>,
): Promise<{ passed: number; refusal: string }> {
  let [passed, refusal] = [0, ''];
  for (let made = 0; made < times; made += 1) {
    await call().then(
      () => (passed += 1),
      (error: unknown) => {
        if (refusal === '') refusal = codeOf(error);
        if (refusal !== 'ThrottlingException') passed += 1;
      },
    );
  }
  return { passed, refusal };
}
const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null ? String(Reflect.get(error, 'code')) : '';

describe('rates', () => {
  let platform: SmallPlatform;
  beforeEach(() => {
    platform = createSmallPlatform();
  });
  afterEach(() => platform.close());

  test('Private CA issues 25, gives out 75 and revokes 20 certificates in a second, and goes on after it', async () => {
    const authority = await createAuthority(platform);
    const host = createHost(platform, '/CN=mi-0123456789abcdef0', 'ec');
    const arn = await issueFor(platform, authority, host);
    platform.clock.advance(1000);
    const { service } = authority;
    const issue = (): Promise<unknown> =>
      service.call('IssueCertificate', issueInput(authority, host), administrator);
    expect(await passing(30, issue)).toEqual({ passed: 25, refusal: 'ThrottlingException' });
    const input = { CertificateAuthorityArn: authority.arn };
    const get = (): Promise<unknown> =>
      service.call('GetCertificate', { ...input, CertificateArn: arn }, administrator);
    expect(await passing(80, get)).toEqual({ passed: 75, refusal: 'ThrottlingException' });
    const revoke = { ...input, CertificateSerial: '00'.repeat(16), RevocationReason: 'SUPERSEDED' };
    let refused = 0;
    for (let made = 0; made < 25; made += 1) {
      await service
        .call('RevokeCertificate', revoke, administrator)
        .catch((error: unknown) => (refused += codeOf(error) === 'ThrottlingException' ? 1 : 0));
    }
    expect(refused).toBe(5);
    platform.clock.advance(1000);
    await issue();
  });

  test('Roles Anywhere takes 10 sessions in a second, whoever asks', async () => {
    const service = createRolesAnywhereService(platform);
    const request = {
      method: 'POST',
      path: '/sessions',
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.alloc(0),
    };
    const bodies: string[] = [];
    for (let made = 0; made < 12; made += 1)
      bodies.push((await service.handle(request, administrator)).body.toString());
    expect(bodies.filter((body) => body.includes('Rate exceeded'))).toHaveLength(2);
  });
});

describe('Systems Manager', () => {
  let platform: SmallPlatform;
  let service: Service;
  beforeEach(() => {
    platform = createSmallPlatform();
    service = createSsmService(platform);
    platform.add(service);
  });
  afterEach(() => platform.close());

  const document = (bytes: number): JsonObject => ({
    Name: 'certvend-Long',
    DocumentType: 'Command',
    Content: {
      schemaVersion: '2.2',
      mainSteps: [{ action: 'aws:runShellScript', name: 'run', inputs: { runCommand: ['#'.repeat(bytes)] } }],
    },
  });

  test('takes documents of 64 KB', async () => {
    await create(service, 'AWS::SSM::Document', document(65_000));
    await expect(
      create(service, 'AWS::SSM::Document', { ...document(66_000), Name: 'certvend-Longer' }),
    ).rejects.toMatchObject({
      code: 'MaxDocumentSizeExceeded',
    });
  });

  test('takes 50 nodes, a comment of 100 characters and a delivery time-out from 30 seconds', async () => {
    await create(service, 'AWS::SSM::Document', document(1));
    const send = (input: JsonObject): Promise<JsonObject> =>
      service.call(
        'SendCommand',
        { DocumentName: 'certvend-Long', InstanceIds: ['mi-0123456789abcdef0'], ...input },
        administrator,
      );
    const ids = Array.from({ length: 51 }, (_, index) => `mi-${String(index).padStart(17, '0')}`);
    await expect(send({ InstanceIds: ids })).rejects.toThrow(/InstanceIds/);
    await expect(send({ Comment: 'x'.repeat(101) })).rejects.toThrow(/Comment/);
    await expect(send({ TimeoutSeconds: 29 })).rejects.toThrow(/TimeoutSeconds/);
  });

  test('keeps 4096 characters in a parameter', async () => {
    const parameter = { Name: '/certvend/x', Type: 'String' };
    await create(service, 'AWS::SSM::Parameter', { ...parameter, Value: 'x'.repeat(4096) });
    await expect(
      create(service, 'AWS::SSM::Parameter', { ...parameter, Name: '/certvend/y', Value: 'x'.repeat(4097) }),
    ).rejects.toThrow(/Value/);
  });
});

describe('queues, functions and events', () => {
  let aws: StartedPlatform;
  let QueueUrl: string;
  beforeAll(async () => {
    aws = await startPlatform((platform) => {
      const sqs = createSqsService(platform);
      // startPlatform puts a LocalClock there.
      const clock = (platform.clock as LocalClock).buffer;
      const onMessage = (): (() => void) => () => undefined;
      const lambda = createLambdaService(platform, {
        clock,
        logs: createLogStore(),
        onMessage,
        retryDelayMs: 1,
      });
      return [sqs, createEventsService(platform), lambda];
    });
    QueueUrl = (await aws.create('AWS::SQS::Queue', { QueueName: 'limited' })).ref;
  });
  afterAll(() => aws.gateway.close());

  const call = (scope: string, operation: string, input: JsonObject): Promise<JsonObject> =>
    aws.platform.call(administrator, scope, operation, input);

  test('a message is delayed for 900 seconds at most', async () => {
    await call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'x', DelaySeconds: 900 });
    await expect(
      call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'x', DelaySeconds: 901 }),
    ).rejects.toThrow(/DelaySeconds/);
    await expect(aws.create('AWS::SQS::Queue', { QueueName: 'slow', DelaySeconds: 901 })).rejects.toThrow(
      /DelaySeconds/,
    );
  });

  test('a message, and a batch of ten together, has 1 MiB at most', async () => {
    const MessageBody = 'x'.repeat(1_048_577);
    await expect(call('sqs', 'SendMessage', { QueueUrl, MessageBody })).rejects.toThrow(/1048576/);
    const batch = (count: number, size: number): Promise<JsonObject> => {
      const entries = Array.from({ length: count }, (_, index): Json => ({
        Id: String(index),
        MessageBody: 'x'.repeat(size),
      }));
      return call('sqs', 'SendMessageBatch', { QueueUrl, Entries: entries });
    };
    await expect(batch(2, 600_000)).rejects.toMatchObject({ code: 'BatchRequestTooLong' });
    await expect(batch(11, 1)).rejects.toMatchObject({ code: 'TooManyEntriesInBatchRequest' });
  });

  test('the variables of a function have 4 KB together', () => {
    const properties = (size: number): JsonObject => ({
      Code: { S3Bucket: 'b', S3Key: 'k' },
      ...{ Runtime: 'nodejs24.x', Handler: 'index.handler', Role: 'arn' },
      Environment: { Variables: { CERTVEND: 'x'.repeat(size) } },
    });
    expect(functionShape.safeParse(properties(4000)).success).toBe(true);
    expect(functionShape.safeParse(properties(4096)).error?.message).toMatch(/more than 4096 bytes/);
  });

  test('a queue hides its messages at least as long as its function may work on them', async () => {
    const Action = 'sts:AssumeRole';
    const Statement = [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action }];
    const role = { path: '/', maxSessionDuration: 3600, roleName: 'worker' };
    aws.access.directory.putRole({ ...role, trust: { Version: '2012-10-17', Statement } });
    await aws.create('AWS::Lambda::Function', {
      ...{ FunctionName: 'patient', Code: { S3Bucket: 'b', S3Key: '/nowhere' }, Runtime: 'nodejs24.x' },
      ...{ Handler: 'index.handler', Role: 'arn:aws:iam::123456789012:role/worker', Timeout: 31 },
    });
    const mapping = { FunctionName: 'patient', EventSourceArn: 'arn:aws:sqs:us-east-1:123456789012:limited' };
    await expect(aws.create('AWS::Lambda::EventSourceMapping', mapping)).rejects.toThrow(
      'Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds',
    );
  });

  test('put events have 256 KB together, a rule has five targets', async () => {
    const entry = (size: number): JsonObject => ({
      Source: 'test',
      DetailType: 'T',
      Detail: JSON.stringify({ x: 'x'.repeat(size) }),
    });
    await call('events', 'PutEvents', { Entries: [entry(200_000)] });
    await expect(call('events', 'PutEvents', { Entries: [entry(200_000), entry(100_000)] })).rejects.toThrow(
      /over the limit/,
    );
    const Targets = Array.from({ length: 6 }, (_, index): Json => ({
      Id: String(index),
      Arn: `arn:aws:sqs:us-east-1:123456789012:q${String(index)}`,
    }));
    await expect(
      aws.create('AWS::Events::Rule', { EventPattern: { source: ['x'] }, Targets }),
    ).rejects.toThrow(/Targets/);
    await expect(
      aws.create('AWS::Events::Rule', { EventPattern: { source: ['x'.repeat(4097)] } }),
    ).rejects.toThrow(/4096/);
  });
});
