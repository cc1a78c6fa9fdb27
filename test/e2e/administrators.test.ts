/**
 * Administrators at work while attempts run, on the real template. What they do at every second of an attempt is told in
 * virtual time by test/workflows/administrators.test.ts; here the real services, functions and hosts see some of it.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet } from '../../cli/demo/fleet.ts';
import type { LocalNode } from '../../local-aws/index.ts';
import { assemble } from '../compatibility/assemblies.ts';
import { Administrator, isReady, stageOf } from './administrator.ts';
import type { Item } from './administrator.ts';
import { startFleet } from './fleet.ts';

const EC = { keyAlgorithm: 'EC_prime256v1' };
let fleet: Fleet;
let admin: Administrator;
let used = 0;

beforeAll(async () => {
  fleet = await startFleet(10);
  admin = new Administrator(fleet.aws, fleet.outputs);
});
afterAll(() => fleet.aws.close());

/** A host that no other test has touched. */
function freshNode(): LocalNode {
  const found = fleet.nodes[used];
  if (found === undefined) throw new Error('there are not enough nodes');
  used += 1;
  return found;
}

async function enrolled(): Promise<LocalNode> {
  const node = freshNode();
  await admin.put({ hostID: node.id, ...EC });
  await admin.until('the certificate', node.id, isReady);
  return node;
}

/** Slow enough that an attempt can be met at each stage. */
const slow = (id: string): Promise<unknown> =>
  fleet.aws.control('POST /_local/nodes/state', { id, delayMs: 800 });

function expectPair({ id, root }: LocalNode, directory: string, row: Item | undefined): void {
  const file = (ending: string): string => readFileSync(join(root, directory, `${id}.${ending}`), 'utf8');
  const certificate = new X509Certificate(file('crt'));
  expect(certificate.checkPrivateKey(createPrivateKey(file('key')))).toBe(true);
  expect(certificate.serialNumber).toBe(row?.['serial']);
}

describe('a row that is overwritten by a bare put-item', () => {
  it.each(['csr', 'issuing', 'deploying'])(
    'at stage %s: one certificate, and it is the first',
    async (stage) => {
      const node = freshNode();
      await slow(node.id);
      await admin.put({ hostID: node.id });
      await admin.until(`stage ${stage}`, node.id, (row) => stageOf(row) === stage || isReady(row));
      await admin.put({ hostID: node.id });
      const row = await admin.until('the certificate', node.id, isReady);
      expectPair(node, 'etc/certvend', row);
      expect(await admin.ledger(node.id)).toMatchObject([{ outcome: 'deployed', serial: row['serial'] }]);
    },
  );
});

describe('a row that is deleted and re-created while its attempt runs', () => {
  it('gets one certificate into use, and the other is recorded as orphaned', async () => {
    const node = freshNode();
    await slow(node.id);
    await admin.put({ hostID: node.id, ...EC });
    await admin.until('the deployment', node.id, (row) => stageOf(row) === 'deploying');
    await admin.delete(node.id);
    await admin.put({ hostID: node.id, ...EC });
    const row = await admin.until('the certificate', node.id, isReady);
    expectPair(node, 'etc/certvend', row);
    await expect
      .poll(async () => (await admin.ledger(node.id)).map(({ outcome }) => outcome), { timeout: 20_000 })
      .toEqual(['orphaned', 'deployed']);
  });
});

describe('a row that is edited while its attempt runs', () => {
  it('has its files where the row says at last, with the same certificate', async () => {
    const node = freshNode();
    await slow(node.id);
    await admin.put({ hostID: node.id, ...EC });
    await admin.until('the deployment', node.id, (row) => stageOf(row) === 'deploying');
    await admin.edit(node.id, { certPath: '/srv/tls', keyPath: '/srv/tls' });
    await admin.until('the certificate', node.id, isReady);
    await fleet.aws.advanceClock(15 * 60_000);
    await expect
      .poll(() => existsSync(join(node.root, `srv/tls/${node.id}.crt`)), { timeout: 20_000 })
      .toBe(true);
    const row = await admin.until('the end', node.id, isReady);
    expectPair(node, 'srv/tls', row);
    expect(await admin.ledger(node.id)).toHaveLength(1);
  });

  it('to something invalid waits, says why, and goes on when it is corrected', async () => {
    const node = freshNode();
    await slow(node.id);
    await admin.put({ hostID: node.id, ...EC });
    await admin.until('the attempt', node.id, (row) => stageOf(row) === 'csr');
    await admin.edit(node.id, { keyPath: '/srv/$(reboot)' });
    const row = await admin.until('the refusal', node.id, (found) => found['status'] === 'Invalid');
    expect(row['statusMessage']).toMatch(/^keyPath is "\/srv\/\$\(reboot\)"; allowed: an absolute directory/);
    await admin.edit(node.id, {}, ['keyPath']);
    expectPair(node, 'etc/certvend', await admin.until('the certificate', node.id, isReady));
  });
});

describe('CertCheck-Trigger, invoked five times at once', () => {
  it('starts one attempt, and everybody gets an answer', async () => {
    const node = await enrolled();
    const before = await admin.row(node.id);
    await admin.edit(node.id, {}, ['expiry']);
    const answers = await Promise.all(Array.from({ length: 5 }, () => admin.invoke()));
    expect(answers.filter(({ complete }) => complete === true)).toHaveLength(5);
    await admin.until('the new one', node.id, (row) => isReady(row) && row['serial'] !== before?.['serial']);
    expect(await admin.ledger(node.id)).toHaveLength(2);
  });
});

describe('a host that is disabled', () => {
  it('gets nothing while it is, and its new certificate when it is enabled', async () => {
    const node = await enrolled();
    const before = await admin.row(node.id);
    await admin.edit(node.id, { disabled: true });
    await admin.until('the hold', node.id, (row) => row['status'] === 'Disabled');
    await admin.edit(node.id, {}, ['expiry']);
    expect(await admin.invoke()).toMatchObject({ started: 0 });
    expect(await admin.row(node.id)).toMatchObject({ status: 'Disabled', serial: before?.['serial'] });
    await admin.edit(node.id, {}, ['disabled']);
    await admin.until('the new one', node.id, (row) => isReady(row) && row['serial'] !== before?.['serial']);
  });
});

describe('a row for an EC2 instance', () => {
  it('says why nothing will come of it', async () => {
    const hostID = 'i-0123456789abcdef0';
    await admin.put({ hostID });
    const row = await admin.until('the refusal', hostID, (found) => found['status'] === 'Invalid');
    expect(row['statusMessage']).toMatch(/an EC2 instance has an instance role and needs no certificate/);
    await admin.delete(hostID);
  });
});

describe('a second deployment with other settings while an attempt runs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-assembly-'));
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('costs no certificate: it ends up where the new settings say', async () => {
    const node = freshNode();
    await slow(node.id);
    assemble(directory, { CertPath: '/etc/elsewhere' });
    await admin.put({ hostID: node.id, ...EC });
    await admin.until('the attempt', node.id, (row) => stageOf(row) === 'csr');
    await fleet.aws.deploy(directory);
    const first = await admin.until('the certificate', node.id, isReady);
    await admin.invoke();
    await expect
      .poll(() => existsSync(join(node.root, `etc/elsewhere/${node.id}.crt`)), { timeout: 20_000 })
      .toBe(true);
    const row = await admin.until('the end', node.id, isReady);
    expect(row['serial']).toBe(first['serial']);
    expect(await admin.ledger(node.id)).toHaveLength(1);
  });
});
