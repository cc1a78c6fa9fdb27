import { createPrivateKey, createPublicKey } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csrOf, rotate } from './pair.ts';
import { TestCa, openssl } from './test-ca.ts';
import { HOST_ID, TestHost, attempt } from './test-host.ts';

const hosts: TestHost[] = [];
let ca: TestCa;

function freshHost(): TestHost {
  const host = TestHost.create();
  hosts.push(host);
  return host;
}

beforeAll(async () => {
  ca = await TestCa.create();
});
afterAll(() => {
  ca.remove();
  for (const host of hosts) host.remove();
});

async function describeRequest(host: TestHost, csr: string): Promise<string> {
  const file = host.path('/request');
  writeFileSync(file, Buffer.from(csr, 'base64'));
  return openssl('req', '-in', file, '-noout', '-text', '-verify', '-nameopt', 'RFC2253');
}

describe('GenerateCsr', () => {
  test.each([
    ['RSA_2048', 'rsa', 2048],
    ['RSA_4096', 'rsa', 4096],
    ['EC_prime256v1', 'ec', 'prime256v1'],
    ['EC_secp384r1', 'ec', 'secp384r1'],
  ])('makes a %s key and a request that it signed', async (KeyAlgorithm, type, size) => {
    const host = freshHost();
    const run = await host.run('GenerateCsr', { Attempt: attempt(1), KeyAlgorithm });

    expect(run).toMatchObject({
      code: 0,
      stderr: '',
      result: { ok: true, attempt: attempt(1), hostId: HOST_ID, helper: 'present' },
    });
    const key = createPrivateKey(
      host.text(`/var/lib/certvend/${HOST_ID}/staging/${attempt(1)}/private-key.pem`),
    );
    expect(key.asymmetricKeyType).toBe(type);
    expect(key.asymmetricKeyDetails).toMatchObject(
      type === 'rsa' ? { modulusLength: size } : { namedCurve: size },
    );
    const pem = await openssl('req', '-in', requestFile(host), '-noout', '-pubkey');
    expect(createPublicKey(pem).equals(createPublicKey(key))).toBe(true);
  });

  test('asks for the host name alone: no other subject, no extension', async () => {
    const host = freshHost();
    const run = await host.run('GenerateCsr', { Attempt: attempt(1) });

    const text = await describeRequest(host, csrOf(run));
    expect(text).toContain(`Subject: CN=${HOST_ID}\n`);
    expect(text).not.toMatch(/X509v3|Alternative/);
  });

  test('gives the same request for the same attempt, another for the next', async () => {
    const host = freshHost();
    const first = await host.run('GenerateCsr', { Attempt: attempt(1) });
    const again = await host.run('GenerateCsr', { Attempt: attempt(1) });
    const next = await host.run('GenerateCsr', { Attempt: attempt(2) });

    expect(csrOf(again)).toBe(csrOf(first));
    expect(csrOf(next)).not.toBe(csrOf(first));
    expect(host.exists(`/var/lib/certvend/${HOST_ID}/staging/${attempt(1)}`)).toBe(false);
  });

  test('answers with the same request when the attempt is deployed already', async () => {
    const host = freshHost();
    const first = await host.run('GenerateCsr', { Attempt: attempt(1) });
    await host.run('DeployCertificate', { Attempt: attempt(1), ...(await ca.issue(csrOf(first))) });
    const again = await host.run('GenerateCsr', { Attempt: attempt(1) });

    expect(again.code).toBe(0);
    expect(csrOf(again)).toBe(csrOf(first));
  });

  test('refuses an attempt older than what is in use', async () => {
    const host = freshHost();
    await rotate(host, ca, 5);
    const late = await host.run('GenerateCsr', { Attempt: attempt(4) });

    expect(late).toMatchObject({
      code: 1,
      result: { ok: false, step: 'preflight', reason: 'AttemptSuperseded' },
    });
  });

  test('leaves a key that only root can read, in a directory that only root can enter', async () => {
    const host = freshHost();
    await host.run('GenerateCsr', { Attempt: attempt(1) });

    const directory = `/var/lib/certvend/${HOST_ID}/staging/${attempt(1)}`;
    expect(statSync(host.path(directory)).mode & 0o777).toBe(0o700);
    expect(statSync(host.path(`${directory}/private-key.pem`)).mode & 0o077).toBe(0);
  });

  test('prints no key, even when bash was told to trace', async () => {
    const host = freshHost();
    const run = await host.run('GenerateCsr', { Attempt: attempt(1) }, { env: { SHELLOPTS: 'xtrace' } });

    expect(run.code).toBe(0);
    expect(run.stdout + run.stderr).not.toContain('PRIVATE KEY');
    expect(run.stderr).not.toContain('genpkey');
  });

  test('reports the helper as absent where it may be absent', async () => {
    const host = freshHost();
    const run = await host.run('GenerateCsr', {
      Attempt: attempt(1),
      SigningHelperPath: '/opt',
      Validation: 'ifHelperPresent',
    });

    expect(run.result).toMatchObject({ ok: true, helper: 'absent' });
  });
});

function requestFile(host: TestHost): string {
  return host.path(`/var/lib/certvend/${HOST_ID}/staging/${attempt(1)}/request.pem`);
}
