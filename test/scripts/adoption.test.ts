import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { csrOf, pairOf, rotate } from './pair.ts';
import type { Pair } from './pair.ts';
import { TestCa } from './test-ca.ts';
import type { Issued } from './test-ca.ts';
import { HOST_ID, TestHost, attempt } from './test-host.ts';

const GENERATIONS = `/etc/certvend/.certvend/${HOST_ID}/generations`;
const ADOPTED = '0'.repeat(26);
let ca: TestCa;
let host: TestHost;
let old: Pair;
let issued: Issued;

/** Puts a pair of another host-life at the public names as plain files, the way the sample left them. */
async function plainFiles(): Promise<Pair> {
  const other = TestHost.create();
  await rotate(other, ca, 1);
  const pair = pairOf(other);
  other.remove();
  mkdirSync(host.path('/etc/certvend'), { recursive: true, mode: 0o755 });
  for (const [name, text, mode] of [
    [`${HOST_ID}.crt`, pair.certificate, 0o644],
    [`${HOST_ID}.key`, pair.key, 0o440],
    ['ca_chain_certificate.crt', ca.chain, 0o644],
  ] as const) {
    rmSync(host.path(`/etc/certvend/${name}`), { force: true });
    writeFileSync(host.path(`/etc/certvend/${name}`), text);
    chmodSync(host.path(`/etc/certvend/${name}`), mode);
  }
  return pair;
}

beforeAll(async () => {
  ca = await TestCa.create();
});
afterAll(() => {
  ca.remove();
});
beforeEach(async () => {
  host = TestHost.create();
  old = await plainFiles();
  issued = await ca.issue(csrOf(await host.run('GenerateCsr', { Attempt: attempt(1) })));
});
afterEach(() => {
  host.remove();
});

describe('existing plain files', () => {
  test('become generation 0 when the new pair is proven', async () => {
    const run = await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });

    expect(run.result).toMatchObject({ ok: true, outcome: 'deployed' });
    expect(pairOf(host)).toMatchObject({ matches: true, serial: run.result['serial'] });
    expect(lstatSync(host.path(`/etc/certvend/${HOST_ID}.key`)).isSymbolicLink()).toBe(true);
    expect(readdirSync(host.path(GENERATIONS)).sort()).toEqual([ADOPTED, attempt(1)]);
    expect(host.text(`${GENERATIONS}/${ADOPTED}/private-key.pem`)).toBe(old.key);
    expect(host.text(`${GENERATIONS}/${ADOPTED}/certificate.pem`)).toBe(old.certificate);
    expect(statSync(host.path(`${GENERATIONS}/${ADOPTED}`)).mode & 0o777).toBe(0o700);
  });

  test('stay untouched plain files when the proof fails', async () => {
    host.helper('refuse');
    const run = await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });

    expect(run.result).toMatchObject({ ok: false, reason: 'SessionRefused' });
    expect(pairOf(host)).toEqual(old);
    expect(lstatSync(host.path(`/etc/certvend/${HOST_ID}.crt`)).isFile()).toBe(true);
    expect(lstatSync(host.path(`/etc/certvend/${HOST_ID}.key`)).mode & 0o777).toBe(0o440);
  });

  test('put over our links later are adopted again, and a late attempt is still refused', async () => {
    await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });
    const restored = await plainFiles();
    const run = await rotate(host, ca, 3);
    const late = await host.run('GenerateCsr', { Attempt: attempt(2) });

    expect(run.result).toMatchObject({ ok: true });
    expect(pairOf(host)).toMatchObject({ matches: true, serial: run.result['serial'] });
    expect(restored.matches).toBe(true);
    expect(late.result).toMatchObject({ reason: 'AttemptSuperseded' });
  });

  test('come back when the public names do not yield the new pair', async () => {
    // A program that lies stands in for whatever else may go wrong between the rename and the reader.
    host.writeProgram(
      '/bin/sha256sum',
      '#!/bin/sh\ncase "$*" in */generations/*) echo right ;; *) echo wrong ;; esac\n',
    );
    const run = await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });

    expect(run).toMatchObject({ code: 1, result: { step: 'switch', reason: 'PublicNamesDiffer' } });
    expect(pairOf(host)).toEqual(old);
    expect(readlinkSync(host.path(`/etc/certvend/.certvend/${HOST_ID}/current`))).toBe(
      `generations/${ADOPTED}`,
    );

    rmSync(host.path('/bin/sha256sum'));
    const again = await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });
    expect(again.result).toMatchObject({ ok: true, outcome: 'deployed' });
    expect(pairOf(host)).toMatchObject({ matches: true, serial: again.result['serial'] });
  });
});

test('a first deployment that cannot be read back leaves no name behind', async () => {
  const fresh = TestHost.create();
  const certificate = await ca.issue(csrOf(await fresh.run('GenerateCsr', { Attempt: attempt(1) })));
  fresh.writeProgram(
    '/bin/sha256sum',
    '#!/bin/sh\ncase "$*" in */generations/*) echo right ;; *) echo wrong ;; esac\n',
  );
  const run = await fresh.run('DeployCertificate', { Attempt: attempt(1), ...certificate });

  expect(run.result).toMatchObject({ ok: false, reason: 'PublicNamesDiffer' });
  expect(readdirSync(fresh.path('/etc/certvend'))).toEqual(['.certvend']);
  fresh.remove();
});

test('a full disk leaves the old pair in use', async () => {
  await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });
  const before = pairOf(host);
  const next = await ca.issue(csrOf(await host.run('GenerateCsr', { Attempt: attempt(2) })));
  host.writeProgram('/bin/cp', '#!/bin/sh\necho "cp: error writing: No space left on device" >&2\nexit 1\n');
  const run = await host.run('DeployCertificate', { Attempt: attempt(2), ...next });

  expect(run).toMatchObject({ code: 1, result: { ok: false, step: 'verify', reason: 'CommandFailed' } });
  expect(run.stderr).toContain('No space left');
  expect(pairOf(host)).toEqual(before);
  rmSync(host.path('/bin/cp'));
  expect((await host.run('DeployCertificate', { Attempt: attempt(2), ...next })).result).toMatchObject({
    ok: true,
  });
});
