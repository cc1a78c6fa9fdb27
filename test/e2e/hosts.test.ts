import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Fleet, HostRow } from '../../cli/demo/fleet.ts';
import type { LocalNode } from '../../local-aws/index.ts';
import { ready, startFleet } from './fleet.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A node id that was never registered: one of it makes a whole DescribeInstanceInformation call fail. */
const UNKNOWN = 'mi-0123456789abcdef0';

const HOSTS = [
  'healthy',
  'clock behind',
  'clock ahead',
  'disk full',
  'helper missing',
  'helper broken',
  'directory open to all',
  'reboots',
  'offline',
] as const;
type HostName = (typeof HOSTS)[number];

describe('hosts in trouble', () => {
  let fleet: Fleet;

  const node = (name: HostName): LocalNode => {
    const found = fleet.nodes[HOSTS.indexOf(name)];
    if (found === undefined) throw new Error(`there is no node ${name}`);
    return found;
  };
  const id = (name: HostName): string => node(name).id;
  const helper = (name: HostName): string => join(node(name).root, 'root/aws_signing_helper');
  const faults = (
    orders: Record<string, { readonly nodes: string[]; readonly [member: string]: unknown }>,
  ): Promise<unknown> =>
    fleet.aws.control('POST /_local/faults', z.record(z.string(), z.json()).parse(orders));
  const reason = (expected: string) => (row: HostRow) => row.failure?.reason === expected;
  /** Lets back-offs run out, a tick at a time, until all are Ready. */
  async function recovery(names: readonly HostName[]): Promise<void> {
    for (let ticks = 0; ticks < 8; ticks += 1) {
      await fleet.aws.advanceClock(16 * MINUTE_MS);
      for (let polls = 0; polls < 30; polls += 1) {
        const rows = await Promise.all(names.map((name) => fleet.row(id(name))));
        if (rows.every(ready)) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
    await fleet.until('the recovery', names.map(id), ready);
  }

  beforeAll(async () => {
    fleet = await startFleet(HOSTS.length);
    await faults({
      'node-clock-behind': { nodes: [id('clock behind')], ms: 20 * MINUTE_MS },
      'node-clock-ahead': { nodes: [id('clock ahead')], ms: 2 * HOUR_MS },
      'node-full': { nodes: [id('disk full')] },
      'node-rebooting': { nodes: [id('reboots')], times: 2 },
      'node-offline': { nodes: [id('offline')] },
    });
    rmSync(helper('helper missing'));
    cpSync(helper('helper broken'), `${helper('helper broken')}.good`);
    writeFileSync(
      helper('helper broken'),
      '#!/bin/sh\necho "cannot open shared object file" >&2\nexit 127\n',
    );
    const open = join(node('directory open to all').root, 'etc/certvend');
    mkdirSync(open);
    chmodSync(open, 0o777);
    await Promise.all([...fleet.nodes.map((one) => fleet.enrol(one.id)), fleet.enrol(UNKNOWN)]);
  });
  afterAll(() => fleet.aws.close());

  it('leave a healthy one alone', async () => {
    await fleet.until('the certificate', [id('healthy')], ready);
    await fleet.earnCredentials(node('healthy'));
  });

  it.each([
    ['clock behind', 'ClockWrong'],
    ['clock ahead', 'ClockWrong'],
    ['helper missing', 'HelperMissing'],
    ['helper broken', 'SessionRefused'],
    ['directory open to all', 'DirectoryUnsafe'],
    ['offline', 'AgentOffline'],
  ] as const)('%s: the row says %s', async (name, expected) => {
    await fleet.until(name, [id(name)], reason(expected));
  });

  it('disk full: the row says at which step', async () => {
    const [row] = await fleet.until('the failure', [id('disk full')], ({ failure }) => failure !== undefined);
    expect(row?.failure?.message).not.toBe('');
  });

  it('nobody knows the node: the row says HostUnknown, and the others of its batch were asked for all the same', async () => {
    await fleet.until('the unknown host', [UNKNOWN], reason('HostUnknown'));
  });

  it('cost no certificate where no key could be made', async () => {
    const early: readonly HostName[] = [
      'clock behind',
      'clock ahead',
      'helper missing',
      'directory open to all',
      'offline',
    ];
    const issued = await fleet.ledger();
    expect(issued.filter(({ hostID }) => early.map(id).includes(hostID))).toEqual([]);
  });

  it('recover by themselves when the trouble is over, rebooted at each stage or not', async () => {
    await fleet.aws.control('DELETE /_local/faults');
    cpSync(`${helper('helper broken')}.good`, helper('helper broken'));
    cpSync(helper('helper broken'), helper('helper missing'));
    chmodSync(join(node('directory open to all').root, 'etc/certvend'), 0o755);
    await recovery(HOSTS);
    const [broken] = (await fleet.ledger()).filter(({ hostID }) => hostID === id('helper broken'));
    expect((await fleet.row(id('helper broken'))).serial).toBe(broken?.serial);
    await Promise.all(HOSTS.map((name) => fleet.earnCredentials(node(name))));
  });

  it('get a new pair when they were reimaged under the same id', async () => {
    const { root } = node('disk full');
    const before = readFileSync(fleet.file(node('disk full'), `${id('disk full')}.key`), 'utf8');
    for (const folder of ['etc/certvend', 'var/lib/certvend'])
      rmSync(join(root, folder), { recursive: true, force: true });
    const { serial } = await fleet.row(id('disk full'));
    await fleet.removeExpiry(id('disk full'));
    await fleet.until('the new pair', [id('disk full')], (row) => ready(row) && row.serial !== serial);
    expect(readFileSync(fleet.file(node('disk full'), `${id('disk full')}.key`), 'utf8')).not.toBe(before);
    await fleet.earnCredentials(node('disk full'));
  });

  it('whose certificate expired while they were away recover when they are back', async () => {
    await fleet.aws.control('POST /_local/nodes/state', { id: id('offline'), online: false });
    await fleet.aws.advanceClock(8 * DAY_MS);
    const [away] = await fleet.until('the expiry', [id('offline')], ({ status }) => status === 'Expired');
    expect(away?.failure?.reason).toBe('AgentOffline');
    await fleet.aws.control('POST /_local/nodes/state', { id: id('offline'), online: true });
    await recovery(['offline', 'healthy']);
    await fleet.earnCredentials(node('offline'));
  });
});
