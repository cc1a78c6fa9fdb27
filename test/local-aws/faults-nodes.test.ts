import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createFaults } from '../../local-aws/faults/faults.ts';
import type { Faults } from '../../local-aws/faults/faults.ts';
import type { JsonObject, Service } from '../../local-aws/platform.ts';
import { createSsmService } from '../../local-aws/services/ssm/index.ts';
import { administrator, create, createSmallPlatform, text } from './small-platform.ts';
import type { SmallPlatform } from './small-platform.ts';

const nodesShape = z.array(z.looseObject({ id: z.string() }));

let platform: SmallPlatform;
let service: Service;
let faults: Faults;
let ids: string[];
let documents = 0;

beforeEach(async () => {
  platform = createSmallPlatform();
  faults = createFaults();
  service = createSsmService(platform, { faults });
  platform.add(service);
  ids = await addNodes(3);
});
afterEach(() => platform.close());

async function addNodes(count: number): Promise<string[]> {
  return nodesShape.parse(await service.controls?.['POST /_local/nodes']?.({ count })).map(({ id }) => id);
}
async function nodes(): Promise<z.infer<typeof nodesShape>> {
  return nodesShape.parse(await service.controls?.['GET /_local/nodes']?.({}));
}
async function send(script: string, id = ids[0] ?? ''): Promise<string> {
  documents += 1;
  const name = `certvend-${String(documents)}`;
  const inputs = { timeoutSeconds: '30', runCommand: ['#!/bin/bash', script] };
  const mainSteps = [{ action: 'aws:runShellScript', name: 'run', inputs }];
  await create(service, 'AWS::SSM::Document', {
    Name: name,
    DocumentType: 'Command',
    Content: { schemaVersion: '2.2', mainSteps },
  });
  const { Command } = await service.call(
    'SendCommand',
    { DocumentName: name, InstanceIds: [id] },
    administrator,
  );
  return z.looseObject({ CommandId: z.string() }).parse(Command).CommandId;
}
const ask = (CommandId: string, InstanceId = ids[0] ?? ''): Promise<JsonObject> =>
  service.call('GetCommandInvocation', { CommandId, InstanceId }, administrator);
async function output(commandId: string): Promise<string> {
  platform.clock.advance(200);
  for (;;) {
    const { Status, StandardOutputContent } = await ask(commandId);
    if (Status === 'Success' || Status === 'Failed') return text(StandardOutputContent);
    await sleep(10);
  }
}

test('a node is offline, slow and full while the fault is on, also one that comes later', async () => {
  faults.set({ 'node-offline': true, 'node-slow': { ms: 5000 }, 'node-full': true });
  await addNodes(1);
  const bad = { online: false, delayMs: 5000, diskFull: true };
  expect(await nodes()).toMatchObject([bad, bad, bad, bad]);
  faults.clear();
  const good = { online: true, delayMs: 0, diskFull: false };
  expect(await nodes()).toMatchObject([good, good, good, good]);
});

test('only the named nodes, or a share of them, are struck; what a test set itself stays', async () => {
  await service.controls?.['POST /_local/nodes/state']?.({ id: ids[2] ?? '', delayMs: 77 });
  faults.set({ 'node-offline': { nodes: [ids[1] ?? ''] } });
  expect((await nodes()).map(({ online }) => online)).toEqual([true, false, true]);
  await addNodes(17);
  faults.set({ 'node-offline': { rate: 0.5 } });
  const offline = (await nodes()).map(({ online }) => online).filter((online) => online === false).length;
  expect(offline).toBeGreaterThan(4);
  expect(offline).toBeLessThan(16);
  faults.clear();
  expect((await nodes())[2]).toMatchObject({ online: true, delayMs: 77 });
});

test('a command that waited for an offline node is delivered when the fault ends', async () => {
  faults.set({ 'node-offline': true });
  const id = await send('echo back');
  platform.clock.advance(1000);
  expect(await ask(id)).toMatchObject({ Status: 'Pending' });
  faults.set({ 'node-offline': false });
  expect(await output(id)).toBe('back\n');
});

test('the clock of a node is ahead or behind, for date and nothing else', async () => {
  const minutes = async (): Promise<number> => {
    const seconds = Number(await output(await send('date +%s')));
    return Math.round((seconds - platform.clock.now() / 1000) / 60) + 0;
  };
  faults.set({ 'node-clock-ahead': true });
  expect(await minutes()).toBe(10);
  faults.set({ 'node-clock-ahead': false, 'node-clock-behind': { ms: 3_600_000 } });
  expect(await minutes()).toBe(-60);
  faults.clear();
  expect(await minutes()).toBe(0);
});

test('a node that reboots in the middle of a command never reports it, and takes the next one', async () => {
  faults.set({ 'node-rebooting': { times: 1, awayMs: 20_000 } });
  const id = await send('sleep 5; echo never');
  platform.clock.advance(200);
  while ((await nodes())[0]?.['online'] === true) await sleep(10);
  await sleep(50);
  expect(await ask(id)).toMatchObject({ Status: 'InProgress' });
  platform.clock.advance(20_000);
  expect((await nodes())[0]).toMatchObject({ online: true, running: 0 });
  expect(await output(await send('echo again'))).toBe('again\n');
});

test('an invocation is unknown for a while after its command was sent', async () => {
  faults.set({ 'invocation-not-yet': { times: 1 } });
  const id = await send('echo here');
  platform.clock.advance(29_000);
  await expect(ask(id)).rejects.toMatchObject({ code: 'InvocationDoesNotExist' });
  platform.clock.advance(1000);
  expect(await output(id)).toBe('here\n');
});
