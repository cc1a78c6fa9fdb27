/** The rows of `certificates`: what an administrator may write, and what becomes of it. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet } from '../../cli/demo/fleet.ts';
import type { LocalNode } from '../../local-aws/index.ts';
import { Administrator, isReady, stageOf } from '../e2e/administrator.ts';
import type { Item } from '../e2e/administrator.ts';
import { startFleet } from '../e2e/fleet.ts';
import { assemble } from './assemblies.ts';

const EC = { keyAlgorithm: 'EC_prime256v1' };
/** Values that DynamoDB knows and certvend does not. */
const UNKNOWN: Item = {
  owner_team: 'payments',
  ticket: 4711,
  active: true,
  labels: new Set(['eu', 'prod']),
  contact: { name: 'on call', phones: ['+1', '+2'] },
  blob: new Uint8Array([0, 255, 10]),
  nothing: null,
};

let fleet: Fleet;
let admin: Administrator;

beforeAll(async () => {
  fleet = await startFleet(4);
  admin = new Administrator(fleet.aws, fleet.outputs);
  const [plain, custom, unknown] = [node(0), node(1), node(2)];
  mkdirSync(join(custom.root, 'opt/helper'), { recursive: true });
  renameSync(
    join(custom.root, 'root/aws_signing_helper'),
    join(custom.root, 'opt/helper/aws_signing_helper'),
  );
  await admin.put({ hostID: plain.id, certPath: '', keyPath: '', csrPath: '', ...EC });
  await admin.put({
    hostID: custom.id,
    ...EC,
    certPath: '/srv/tls/certs',
    keyPath: '/srv/tls/private',
    csrPath: '/srv/tls/requests',
    cacertPath: '/srv/tls/ca',
    signinghelperPath: '/opt/helper',
  });
  await admin.put({ hostID: unknown.id, ...EC, ...UNKNOWN });
  await Promise.all([plain, custom, unknown].map(({ id }) => admin.until('the certificate', id, isReady)));
});
afterAll(() => fleet.aws.close());

function node(index: number): LocalNode {
  const found = fleet.nodes.at(index);
  if (found === undefined) throw new Error(`there is no node ${String(index)}`);
  return found;
}
const has = ({ root }: LocalNode, path: string): boolean => existsSync(join(root, path));

describe('certPath, keyPath, csrPath, cacertPath, signinghelperPath', () => {
  it('say where the files of this host stand', () => {
    const { id } = node(1);
    const paths = [
      `srv/tls/certs/${id}.crt`,
      `srv/tls/private/${id}.key`,
      `srv/tls/requests/${id}.csr`,
      'srv/tls/ca/ca_chain_certificate.crt',
    ];
    expect(paths.filter((path) => !has(node(1), path))).toEqual([]);
    expect(has(node(1), 'etc/certvend')).toBe(false);
  });

  it('empty: the setting applies', () => {
    expect(has(node(0), `etc/certvend/${node(0).id}.crt`)).toBe(true);
  });

  it('changed: the same certificate moves there', async () => {
    const before = await admin.row(node(2).id);
    await admin.edit(node(2).id, { keyPath: '/etc/certvend-keys' });
    await eventuallyHas(node(2), `etc/certvend-keys/${node(2).id}.key`);
    const after = await admin.until('the end', node(2).id, isReady);
    expect(after['serial']).toBe(before?.['serial']);
    expect(await admin.ledger(node(2).id)).toHaveLength(1);
  });
});

describe('expiry and serial', () => {
  it('have the forms of the post, and the serial is what the ledger and the CA know', async () => {
    const row = await admin.row(node(0).id);
    expect(row?.['expiry']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(row?.['serial']).toMatch(/^([0-9A-F]{2})+$/);
    const left = Date.parse(`${String(row?.['expiry'])}Z`) - Date.now();
    expect(left / 86_400_000).toBeCloseTo(7, 1);
  });

  it('an empty expiry asks for a certificate like a missing one', async () => {
    const before = await admin.row(node(0).id);
    await admin.edit(node(0).id, { expiry: '' });
    await admin.until(
      'the new one',
      node(0).id,
      (row) => isReady(row) && row['serial'] !== before?.['serial'],
    );
  });
});

describe('attributes of others', () => {
  it('survive a rotation unchanged, as do those of the administrator', async () => {
    const before = await admin.row(node(2).id);
    await admin.edit(node(2).id, {}, ['expiry']);
    const after = await admin.until(
      'the new certificate',
      node(2).id,
      (row) => isReady(row) && row['serial'] !== before?.['serial'],
    );
    expect(after).toMatchObject({ ...UNKNOWN, ...EC });
    // Defaults are never frozen into rows.
    expect(Object.keys(after)).not.toContain('certPath');
  });
});

describe('a row that is deleted while its certificate is on the way', () => {
  it('is not re-created, and the ledger remembers the certificate as orphaned', async () => {
    const { id } = node(3);
    await fleet.aws.control('POST /_local/nodes/state', { id, delayMs: 1_500 });
    await admin.put({ hostID: id, ...EC });
    await admin.until('the deployment', id, (row) => stageOf(row) === 'deploying');
    await admin.delete(id);
    await expect.poll(async () => (await admin.ledger(id))[0]?.outcome, { timeout: 20_000 }).toBe('orphaned');
    await expect.poll(() => has(node(3), `etc/certvend/${id}.crt`), { timeout: 20_000 }).toBe(true);
    await admin.invoke();
    expect(await admin.row(id)).toBeUndefined();
  });
});

describe('a setting that changes later', () => {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-assembly-'));
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('applies to rows that do not say otherwise, without a new certificate', async () => {
    const [plain, custom] = [await admin.row(node(0).id), await admin.row(node(1).id)];
    assemble(directory, { CertPath: '/etc/elsewhere' });
    await fleet.aws.deploy(directory);
    expect(await admin.invoke()).toMatchObject({ redeployed: 2, started: 0 });
    await eventuallyHas(node(0), `etc/elsewhere/${node(0).id}.crt`);
    await admin.until('the end', node(0).id, isReady);
    expect((await admin.row(node(0).id))?.['serial']).toBe(plain?.['serial']);
    expect(await admin.row(node(1).id)).toEqual(custom);
  });
});

async function eventuallyHas(host: LocalNode, path: string): Promise<void> {
  await expect.poll(() => has(host, path), { timeout: 30_000, message: path }).toBe(true);
}
