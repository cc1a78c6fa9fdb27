/** The files on the host, by their names of the post. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet } from '../../cli/demo/fleet.ts';
import type { LocalNode } from '../../local-aws/index.ts';
import { Administrator, isReady } from '../e2e/administrator.ts';
import { startFleet } from '../e2e/fleet.ts';

let fleet: Fleet;
let admin: Administrator;
let host: LocalNode;

beforeAll(async () => {
  fleet = await startFleet(1);
  admin = new Administrator(fleet.aws, fleet.outputs);
  const [only] = fleet.nodes;
  if (only === undefined) throw new Error('there is no node');
  host = only;
  await admin.put({ hostID: host.id });
  await admin.until('the certificate', host.id, isReady);
});
afterAll(() => fleet.aws.close());

const names = (): string[] => [
  `${host.id}.crt`,
  `${host.id}.key`,
  `${host.id}.csr`,
  'ca_chain_certificate.crt',
];
const path = (name: string): string => join(host.root, 'etc/certvend', name);
const text = (name: string): string => readFileSync(path(name), 'utf8');
const modeOf = (name: string): string => (statSync(path(name)).mode & 0o777).toString(8).padStart(4, '0');

describe('the files in /etc/certvend', () => {
  it('{host}.crt is the certificate of this host, signed by the CA of ca_chain_certificate.crt', () => {
    const certificate = new X509Certificate(text(`${host.id}.crt`));
    const authority = new X509Certificate(text('ca_chain_certificate.crt'));
    expect(certificate.subject).toBe(`CN=${host.id}`);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(authority.subject).toContain('CN=ca.example.com');
  });

  it('{host}.key is its private key, which only its owner can read', () => {
    const certificate = new X509Certificate(text(`${host.id}.crt`));
    expect(certificate.checkPrivateKey(createPrivateKey(text(`${host.id}.key`)))).toBe(true);
    expect(modeOf(`${host.id}.key`)).toBe('0400');
    // On a local node whoever runs it plays root.
    expect(statSync(path(`${host.id}.key`)).uid).toBe(process.getuid?.());
  });

  it('{host}.csr is the request that it was issued for', () => {
    const publicKey = execFileSync('openssl', ['req', '-noout', '-pubkey', '-in', path(`${host.id}.csr`)]);
    const certificate = new X509Certificate(text(`${host.id}.crt`));
    expect(createPublicKey(publicKey).equals(certificate.publicKey)).toBe(true);
  });

  it('the others can be read by everybody', () => {
    const modes = names()
      .filter((name) => !name.endsWith('.key'))
      .map(modeOf);
    expect(new Set(modes)).toEqual(new Set(['0644']));
  });
});

describe('a rotation', () => {
  it('replaces all that is new, and leaves the names', async () => {
    const before = names().map(text);
    const serial = (await admin.row(host.id))?.['serial'];
    const folder = realpathSync(path(`${host.id}.crt`));
    await admin.edit(host.id, {}, ['expiry']);
    await admin.until('the rotation', host.id, (row) => isReady(row) && row['serial'] !== serial);
    const [certificate, key, csr, chain] = names().map((name, index) => text(name) !== before[index]);
    expect({ certificate, key, csr, chain }).toEqual({
      certificate: true,
      key: true,
      csr: true,
      chain: false,
    });
    expect(realpathSync(path(`${host.id}.crt`))).not.toBe(folder);
    const current = new X509Certificate(text(`${host.id}.crt`));
    expect(current.checkPrivateKey(createPrivateKey(text(`${host.id}.key`)))).toBe(true);
    expect(current.serialNumber).toBe((await admin.row(host.id))?.['serial']);
  });
});
