import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSsmService } from '../../local-aws/services/ssm/index.ts';
import type { JsonObject, Service } from '../../local-aws/platform.ts';
import { administrator, create, createSmallPlatform } from './small-platform.ts';
import type { SmallPlatform } from './small-platform.ts';

let platform: SmallPlatform;
let service: Service;
let node: { id: string; root: string };

const document = (script: readonly string[], timeoutSeconds = '30'): JsonObject => ({
  schemaVersion: '2.2',
  parameters: {
    Word: { type: 'String', default: 'hello', allowedPattern: '^[a-z]{1,10}$', maxChars: 10 },
    Mode: { type: 'String', default: 'on', allowedValues: ['on', 'off'] },
  },
  mainSteps: [
    {
      action: 'aws:runShellScript',
      name: 'run',
      precondition: { StringEquals: ['platformType', 'Linux'] },
      inputs: { timeoutSeconds, runCommand: ['#!/bin/bash', ...script] },
    },
  ],
});

const call = (operation: string, input: JsonObject) => service.call(operation, input, administrator);
async function control<T>(route: string, body: JsonObject): Promise<T> {
  // The answer of a control is JSON of a shape that each test knows.
  return (await service.controls?.[route]?.(body)) as T;
}
async function addDocument(name: string, script: readonly string[], timeoutSeconds?: string): Promise<void> {
  await create(service, 'AWS::SSM::Document', {
    Name: name,
    DocumentType: 'Command',
    Content: document(script, timeoutSeconds),
  });
}
async function send(documentName: string, input: JsonObject = {}): Promise<string> {
  const { Command: command } = await call('SendCommand', {
    DocumentName: documentName,
    InstanceIds: [node.id],
    ...input,
  });
  // SendCommand answers with a Command that has an id.
  return (command as { CommandId: string }).CommandId;
}
async function finished(commandId: string): Promise<JsonObject> {
  platform.clock.advance(200);
  for (;;) {
    const invocation = await call('GetCommandInvocation', { CommandId: commandId, InstanceId: node.id });
    if (invocation['Status'] !== 'Pending' && invocation['Status'] !== 'InProgress') return invocation;
    await sleep(10);
  }
}

beforeEach(async () => {
  platform = createSmallPlatform();
  service = createSsmService(platform);
  platform.add(service);
  [node = { id: '', root: '' }] = await control<{ id: string; root: string }[]>('POST /_local/nodes', {
    count: 1,
  });
});
afterEach(() => platform.close());

test('a document runs with the real shell, its parameters in place, at the moved time', async () => {
  await addDocument('certvend-Say', [
    'printf "%s|{{ Word }}|{{Mode}}|%s\\n" "$AWS_SSM_INSTANCE_ID" "$(date -u +%F)"',
    'touch "$CERTVEND_ROOT/etc/seen"',
    'env | wc -l >&2',
  ]);
  const id = await send('certvend-Say', { Parameters: { Word: ['world'] }, Comment: 'attempt 1' });
  await expect(call('GetCommandInvocation', { CommandId: id, InstanceId: node.id })).rejects.toMatchObject({
    code: 'InvocationDoesNotExist',
  });
  const invocation = await finished(id);
  expect(invocation).toMatchObject({
    Status: 'Success',
    ResponseCode: 0,
    PluginName: 'run',
    Comment: 'attempt 1',
    DocumentName: 'certvend-Say',
  });
  expect(invocation['StandardOutputContent']).toBe(`${node.id}|world|on|2027-01-01\n`);
  expect(existsSync(join(node.root, 'etc/seen'))).toBe(true);
  const events = platform.events.filter(
    (event) => event['detail-type'] === 'EC2 Command Invocation Status-change Notification',
  );
  expect(events.map(({ detail }) => detail['status'])).toEqual(['InProgress', 'Success']);
  expect(events[1]).toMatchObject({
    source: 'aws.ssm',
    detail: { 'command-id': id, 'document-name': 'certvend-Say', 'instance-id': node.id },
  });
  expect(platform.events.at(-1)).toMatchObject({
    'detail-type': 'EC2 Command Status-change Notification',
    detail: { status: 'Success', parameters: { Word: ['world'] } },
  });
  const { CommandInvocations: found } = await call('ListCommandInvocations', {
    InstanceId: node.id,
    Filters: [
      { key: 'InvokedAfter', value: '2026-12-31T00:00:00Z' },
      { key: 'DocumentName', value: 'certvend-Say' },
    ],
  });
  expect(found).toMatchObject([{ CommandId: id, Comment: 'attempt 1', Status: 'Success' }]);
});

test.each([
  ['an unknown parameter', { Parameters: { Other: ['x'] } }, 'InvalidParameters'],
  ['a value outside of the pattern', { Parameters: { Word: ["x'; id"] } }, 'InvalidParameters'],
  ['a value that is not allowed', { Parameters: { Mode: ['maybe'] } }, 'InvalidParameters'],
  ['an unknown node', { InstanceIds: ['mi-00000000000000000'] }, 'InvalidInstanceId'],
  ['an unknown document', { DocumentName: 'AWS-RunShellScript' }, 'InvalidDocument'],
  ['a comment over 100 characters', { Comment: 'c'.repeat(101) }, 'ValidationException'],
  ['a delivery time-out under 30 seconds', { TimeoutSeconds: 29 }, 'ValidationException'],
])('SendCommand refuses %s', async (_what, changes, code) => {
  await addDocument('certvend-Say', ['true']);
  await expect(
    call('SendCommand', { DocumentName: 'certvend-Say', InstanceIds: [node.id], ...changes }),
  ).rejects.toMatchObject({ code });
});

test('a pattern that the agent could not read is refused with the document', async () => {
  const content = document(['true']);
  const parameters = { Word: { type: 'String', allowedPattern: '^(?!x)[a-z]+$' } };
  const properties = { Name: 'certvend-Say', DocumentType: 'Command', Content: { ...content, parameters } };
  await expect(create(service, 'AWS::SSM::Document', properties)).rejects.toMatchObject({
    code: 'InvalidDocumentContent',
  });
});

test('an offline node gets its command when it is back, or never', async () => {
  await addDocument('certvend-Say', ['echo ran']);
  await control('POST /_local/nodes/state', { id: node.id, online: false });
  const { InstanceInformationList: list } = await call('DescribeInstanceInformation', {
    Filters: [{ Key: 'InstanceIds', Values: [node.id] }],
  });
  expect(list).toMatchObject([{ InstanceId: node.id, PingStatus: 'ConnectionLost' }]);
  const late = await send('certvend-Say', { TimeoutSeconds: 30 });
  platform.clock.advance(61_000);
  await control('POST /_local/nodes/state', { id: node.id, online: true });
  expect(await finished(late)).toMatchObject({
    Status: 'TimedOut',
    StatusDetails: 'DeliveryTimedOut',
    ResponseCode: -1,
  });
  await control('POST /_local/nodes/state', { id: node.id, online: false });
  const intime = await send('certvend-Say', { TimeoutSeconds: 30 });
  platform.clock.advance(10_000);
  await control('POST /_local/nodes/state', { id: node.id, online: true });
  expect(await finished(intime)).toMatchObject({ Status: 'Success', StandardOutputContent: 'ran\n' });
});

test('a node that goes offline in the middle reports when it is back', async () => {
  await addDocument('certvend-Say', ['touch "$CERTVEND_ROOT/etc/started"', 'sleep 0.2; echo ran']);
  const id = await send('certvend-Say');
  platform.clock.advance(200);
  while (!existsSync(join(node.root, 'etc/started'))) await sleep(10);
  await control('POST /_local/nodes/state', { id: node.id, online: false });
  await sleep(400);
  expect(await call('GetCommandInvocation', { CommandId: id, InstanceId: node.id })).toMatchObject({
    Status: 'InProgress',
  });
  await control('POST /_local/nodes/state', { id: node.id, online: true });
  expect(await finished(id)).toMatchObject({ Status: 'Success', StandardOutputContent: 'ran\n' });
});

test('a failure reports its exit code, and a long output is cut with a mark', async () => {
  await addDocument('certvend-Fail', ['head -c 30000 /dev/zero | tr "\\0" x', 'exit 3']);
  const invocation = await finished(await send('certvend-Fail'));
  expect(invocation).toMatchObject({ Status: 'Failed', ResponseCode: 3 });
  expect(invocation['StandardOutputContent']).toMatch(/^x{23980}--output truncated--$/);
});

test('a script that runs too long is ended with everything it started', async () => {
  await addDocument('certvend-Slow', ['(sleep 5.4; touch "$CERTVEND_ROOT/etc/late") & wait'], '5');
  expect(await finished(await send('certvend-Slow'))).toMatchObject({
    Status: 'TimedOut',
    StatusDetails: 'ExecutionTimedOut',
  });
  await sleep(600);
  expect(existsSync(join(node.root, 'etc/late'))).toBe(false);
});

test('a reboot ends the script and nobody hears of it until the command expires', async () => {
  await addDocument('certvend-Slow', ['touch "$CERTVEND_ROOT/etc/started"; exec sleep 20']);
  const id = await send('certvend-Slow', { TimeoutSeconds: 30 });
  platform.clock.advance(200);
  while (!existsSync(join(node.root, 'etc/started'))) await sleep(10);
  await control('POST /_local/nodes/state', { id: node.id, reboot: true });
  await sleep(50);
  expect(await call('GetCommandInvocation', { CommandId: id, InstanceId: node.id })).toMatchObject({
    Status: 'InProgress',
  });
  platform.clock.advance(61_000);
  expect(await finished(id)).toMatchObject({ Status: 'TimedOut' });
  expect(await control('GET /_local/nodes', {})).toMatchObject([{ id: node.id, online: true, running: 0 }]);
});

test('one unknown id fails the whole description of nodes', async () => {
  const ids = [node.id, 'mi-00000000000000000'];
  await expect(
    call('DescribeInstanceInformation', { Filters: [{ Key: 'InstanceIds', Values: ids }] }),
  ).rejects.toMatchObject({ code: 'InvalidInstanceId' });
  await expect(call('DescribeInstanceInformation', { MaxResults: 4 })).rejects.toMatchObject({
    code: 'ValidationException',
  });
});

test('an activation registers as many nodes as it allows', async () => {
  const { ActivationId: activationId } = await call('CreateActivation', {
    IamRole: 'Nodes',
    RegistrationLimit: 1,
  });
  await control('POST /_local/nodes', { count: 1, activationId: activationId ?? '' });
  await expect(
    control('POST /_local/nodes', { count: 1, activationId: activationId ?? '' }),
  ).rejects.toMatchObject({ code: 'InvalidActivation' });
});

test('an injected fault lets the signing helper of the node refuse so many times', async () => {
  await addDocument('certvend-Prove', ['"$CERTVEND_ROOT/root/aws_signing_helper" credential-process']);
  await control('POST /_local/nodes/state', { id: node.id, failProof: 1 });
  const first = await finished(await send('certvend-Prove'));
  expect(first['StandardErrorContent']).toContain('injected');
  const second = await finished(await send('certvend-Prove'));
  expect(second['StandardErrorContent']).toContain('required flag(s)');
  expect(readFileSync(join(node.root, 'root/aws_signing_helper'), 'utf8')).toContain('exec ');
});

test('a full disk fails every write of the script', async () => {
  await addDocument('certvend-Write', ['trap "" XFSZ', 'echo x > "$CERTVEND_ROOT/etc/file" || echo full']);
  await control('POST /_local/nodes/state', { id: node.id, diskFull: true });
  expect((await finished(await send('certvend-Write')))['StandardOutputContent']).toBe('full\n');
});

test('date answers at the moved time, takes absolute times, and refuses relative ones', async () => {
  await addDocument('certvend-Date', [
    'date -u -Iseconds | cut -c1-10',
    'date -u +%Y',
    'date -u -d "2026-11-22 10:00:00 UTC" +%s',
    'date -u -d @0 +%F',
    'date -u -d "+1 day" 2>&1',
  ]);
  const { StandardOutputContent: output } = await finished(await send('certvend-Date'));
  expect(output).toBe(
    '2027-01-01\n2027\n1795341600\n1970-01-01\ndate: the local AWS knows no relative times: +1 day\n',
  );
});
