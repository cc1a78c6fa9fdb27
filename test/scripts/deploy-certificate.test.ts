import { lstatSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csrOf, pairOf, rotate } from './pair.ts';
import { TestCa } from './test-ca.ts';
import type { Issued } from './test-ca.ts';
import { HOST_ID, TestHost, attempt } from './test-host.ts';

const HOME = `/etc/certvend/.certvend/${HOST_ID}`;
const hosts: TestHost[] = [];
let ca: TestCa;

function keep(host: TestHost): TestHost {
  hosts.push(host);
  return host;
}

async function staged(host: TestHost, number: number): Promise<Issued> {
  return ca.issue(csrOf(await host.run('GenerateCsr', { Attempt: attempt(number) })));
}

beforeAll(async () => {
  ca = await TestCa.create();
});
afterAll(() => {
  ca.remove();
  for (const host of hosts) host.remove();
});

describe('DeployCertificate on a fresh host', () => {
  test('puts a proven pair at the public names', async () => {
    const host = keep(TestHost.create());
    const run = await rotate(host, ca, 1);

    const pair = pairOf(host);
    expect(pair).toMatchObject({ matches: true, commonName: `CN=${HOST_ID}` });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.result).toEqual({
      attempt: attempt(1),
      hostId: HOST_ID,
      ok: true,
      outcome: 'deployed',
      serial: pair.serial,
      sessionExpiration: '2026-01-02T03:04:05Z',
      validated: true,
      reload: 'none',
    });
    expect(host.text('/etc/certvend/ca_chain_certificate.crt')).toBe(ca.chain);
    expect(host.text(`/etc/certvend/${HOST_ID}.csr`)).toContain('CERTIFICATE REQUEST');
  });

  test('uses relative links, a key nobody else can read, and directories nobody else can list', async () => {
    const host = keep(TestHost.create());
    await rotate(host, ca, 1);

    expect(readlinkSync(host.path(`/etc/certvend/${HOST_ID}.key`))).toBe(
      `.certvend/${HOST_ID}/current/private-key.pem`,
    );
    expect(readlinkSync(host.path(`${HOME}/current`))).toBe(`generations/${attempt(1)}`);
    expect(statSync(host.path(`/etc/certvend/${HOST_ID}.key`)).mode & 0o777).toBe(0o400);
    expect(statSync(host.path(`/etc/certvend/${HOST_ID}.crt`)).mode & 0o777).toBe(0o644);
    expect(statSync(host.path(HOME)).mode & 0o777).toBe(0o711);
    expect(statSync(host.path('/etc/certvend')).mode & 0o777).toBe(0o755);
  });

  test('spreads the names over four directories', async () => {
    const host = keep(TestHost.create());
    const paths = {
      CertPath: '/etc/pki/certs/',
      KeyPath: '/etc/pki//private',
      CsrPath: '/var/lib/csr',
      CaCertPath: '/srv/ca',
    };
    const run = await rotate(host, ca, 1, paths);

    expect(run.code).toBe(0);
    expect(pairOf(host, '/etc/pki/certs', '/etc/pki/private').matches).toBe(true);
    expect(readlinkSync(host.path(`/etc/pki/private/${HOST_ID}.key`))).toBe(
      `../certs/.certvend/${HOST_ID}/current/private-key.pem`,
    );
    expect(host.text('/srv/ca/ca_chain_certificate.crt')).toBe(ca.chain);
    expect(host.exists(`/var/lib/csr/${HOST_ID}.csr`)).toBe(true);
  });

  test('keeps the leading zero of a serial', async () => {
    const host = keep(TestHost.create());
    const csr = csrOf(await host.run('GenerateCsr', { Attempt: attempt(1) }));
    const run = await host.run('DeployCertificate', {
      Attempt: attempt(1),
      ...(await ca.issue(csr, { serial: '0a1b2c' })),
    });

    expect(run.result['serial']).toBe('0A1B2C');
  });
});

describe('rotation', () => {
  test('gives a new key and a new serial, and keeps one generation behind', async () => {
    const host = keep(TestHost.create());
    await rotate(host, ca, 1);
    const before = pairOf(host);
    await rotate(host, ca, 2);
    const run = await rotate(host, ca, 3);

    const after = pairOf(host);
    expect(run.code).toBe(0);
    expect(after.matches).toBe(true);
    expect(after.serial).not.toBe(before.serial);
    expect(after.key).not.toBe(before.key);
    expect(readdirSync(host.path(`${HOME}/generations`)).sort()).toEqual([attempt(2), attempt(3)]);
    expect(readdirSync(host.path(`/var/lib/certvend/${HOST_ID}/staging`))).toEqual([]);
  });

  test('is done once: the same attempt again changes nothing', async () => {
    const host = keep(TestHost.create());
    const issued = await staged(host, 1);
    await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });
    const before = lstatSync(host.path(`${HOME}/current`)).ino;
    host.helper('refuse');
    const again = await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });

    expect(again).toMatchObject({
      code: 0,
      result: { outcome: 'alreadyDeployed', validated: true, serial: pairOf(host).serial },
    });
    expect(lstatSync(host.path(`${HOME}/current`)).ino).toBe(before);
  });

  test('refuses the same attempt with another certificate', async () => {
    const host = keep(TestHost.create());
    const csr = csrOf(await host.run('GenerateCsr', { Attempt: attempt(1) }));
    await host.run('DeployCertificate', { Attempt: attempt(1), ...(await ca.issue(csr)) });
    const before = pairOf(host);
    const other = await host.run('DeployCertificate', { Attempt: attempt(1), ...(await ca.issue(csr)) });

    expect(other).toMatchObject({ code: 1, result: { step: 'verify', reason: 'AttemptReused' } });
    expect(pairOf(host)).toEqual(before);
  });

  test('refuses an attempt older than the generation in use', async () => {
    const host = keep(TestHost.create());
    const late = await staged(host, 1);
    await rotate(host, ca, 2);
    const before = pairOf(host);
    const run = await host.run('DeployCertificate', { Attempt: attempt(1), ...late });

    expect(run).toMatchObject({ code: 1, result: { step: 'preflight', reason: 'AttemptSuperseded' } });
    expect(pairOf(host)).toEqual(before);
  });

  test('repairs public names that somebody deleted', async () => {
    const host = keep(TestHost.create());
    const issued = await staged(host, 1);
    await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });
    rmSync(host.path(`/etc/certvend/${HOST_ID}.key`));
    const run = await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });

    expect(run.result).toMatchObject({ ok: true, outcome: 'alreadyDeployed' });
    expect(pairOf(host).matches).toBe(true);
  });
});

describe('redeploying the same certificate with a new attempt', () => {
  test('finds the key in the generation in use', async () => {
    const host = keep(TestHost.create());
    const issued = await staged(host, 1);
    await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });
    const before = pairOf(host);
    const run = await host.run('DeployCertificate', { Attempt: attempt(2), ...issued, KeyMode: '0440' });

    expect(run.result).toMatchObject({ ok: true, outcome: 'deployed' });
    expect(pairOf(host)).toEqual(before);
    expect(statSync(host.path(`/etc/certvend/${HOST_ID}.key`)).mode & 0o777).toBe(0o440);
  });

  test('finds the key where it was before the paths moved', async () => {
    const host = keep(TestHost.create());
    const issued = await staged(host, 1);
    await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });
    const paths = { CertPath: '/srv/new', KeyPath: '/srv/new', CsrPath: '/srv/new', CaCertPath: '/srv/new' };
    const run = await host.run('DeployCertificate', { Attempt: attempt(2), ...issued, ...paths });
    const late = await host.run('DeployCertificate', {
      Attempt: attempt(1),
      ...issued,
      CertPath: '/srv/third',
    });

    expect(run.result).toMatchObject({ ok: true, outcome: 'deployed' });
    expect(pairOf(host, '/srv/new')).toMatchObject({ matches: true, serial: pairOf(host).serial });
    expect(late.result).toMatchObject({ reason: 'AttemptSuperseded' });
  });

  test('says so where the host has no such key', async () => {
    const host = keep(TestHost.create());
    const issued = await staged(keep(TestHost.create()), 1);
    const run = await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });

    expect(run).toMatchObject({ code: 1, result: { step: 'key', reason: 'KeyMissing' } });
  });
});
