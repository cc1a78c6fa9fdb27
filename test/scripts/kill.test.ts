/**
 * kill -9 between any two commands: whatever was in use before still is, as a matching pair, and the next run succeeds.
 * BASH_ENV gives the script a DEBUG trap that counts its commands; the n-th is never reached.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandDocumentKind } from '../../lib/command-document.ts';
import { csrOf, pairOf, rotate } from './pair.ts';
import type { Pair } from './pair.ts';
import { TestCa } from './test-ca.ts';
import { HOST_ID, TestHost, attempt } from './test-host.ts';
import type { Parameters } from './test-host.ts';

const TRAP = `
if [[ $0 == */script-* ]]; then
  set -T
  commands_seen=0
  trap '((BASHPID != $$ || ++commands_seen != KILL_AT)) || kill -9 $$
        [[ -z $RECORD || $BASHPID != $$ ]] || printf "%s %s\\n" "\${FUNCNAME[0]-}" "\${BASH_COMMAND%%[[:space:]]*}" >>"$RECORD"' DEBUG
fi
`;
/** Commands that change something outside of the process; the state after each of them is tried. */
const CHANGING = /^(mkdir|ln|mv|rm|cp|chmod|chown|sync|openssl|printf|:|timeout)$/;
/** Where a deployment begins to differ from every other run. */
const DEPLOYING =
  /^(build_candidate|promote_candidate|switch_generation|adopt_existing_files|use_generation|replace_link|remove_leftovers)$/;
/** The preflight is the same in both commands; one of them is enough. */
const AFTER_PREFLIGHT =
  /^(?!check_|ensure_|take_lock|newest_ticket|process_name|require_match|host_path|directory_problem|read_certificates)/;
const EVERYWHERE = /^/;
const SAMPLE = 15;
const trapFile = join(tmpdir(), `certvend-kill-${String(process.pid)}.sh`);

interface Scenario {
  readonly host: TestHost;
  readonly kind: CommandDocumentKind;
  readonly parameters: Parameters;
  /** What may be in use after the kill; undefined where there was nothing before. */
  readonly before: Pair | undefined;
  /** The functions of the script to look at. */
  readonly functions: RegExp;
}

let ca: TestCa;
const hosts: TestHost[] = [];

beforeAll(async () => {
  writeFileSync(trapFile, TRAP);
  ca = await TestCa.create();
});
afterAll(() => {
  rmSync(trapFile);
  ca.remove();
  for (const host of hosts) host.remove();
});

/** The points worth trying: after every changing command, and some of the others. */
async function pointsOf({ host, kind, parameters, functions }: Scenario): Promise<number[]> {
  const copy = host.copy();
  const record = copy.path('/record');
  const run = await copy.run(kind, parameters, {
    env: { BASH_ENV: trapFile, KILL_AT: '-1', RECORD: record },
  });
  expect(run.result).toMatchObject({ ok: true });
  const commands = readFileSync(record, 'utf8').trimEnd().split('\n');
  copy.remove();
  const points = new Set<number>();
  commands.forEach((line, index) => {
    const [place = '', command = ''] = line.split(' ');
    if (!functions.test(place)) return;
    if (index % Math.ceil(commands.length / SAMPLE) === 0) points.add(index + 1);
    if (CHANGING.test(command)) points.add(index + 2);
  });
  return [...points].filter((point) => point <= commands.length);
}

function pairIfAny(host: TestHost): Pair | undefined {
  const both = host.exists(`/etc/certvend/${HOST_ID}.crt`) && host.exists(`/etc/certvend/${HOST_ID}.key`);
  return both ? pairOf(host) : undefined;
}

async function killAt(point: number, { host, kind, parameters, before }: Scenario): Promise<void> {
  const copy = host.copy();
  const killed = await copy.run(kind, parameters, {
    env: { BASH_ENV: trapFile, KILL_AT: String(point), RECORD: '' },
  });
  expect(killed.code, `point ${String(point)}: ${killed.stderr}`).toBe(null);
  const left = pairIfAny(copy);
  expect(
    left?.matches ?? before === undefined,
    `point ${String(point)} leaves a pair that does not match`,
  ).toBe(true);

  const again = await copy.run(kind, parameters);
  expect(again.result, `point ${String(point)}: ${again.stderr}`).toMatchObject({ ok: true });
  const after = pairIfAny(copy);
  if (kind === 'GenerateCsr') {
    expect(left).toEqual(before);
    expect(after).toEqual(before);
  } else {
    expect(after).toMatchObject({ matches: true, serial: again.result['serial'] });
    if (before !== undefined)
      expect([before.serial, after?.serial], `point ${String(point)}`).toContain(left?.serial);
    const home = readdirSync(copy.path(`/etc/certvend/.certvend/${HOST_ID}`)).sort();
    expect(home, `point ${String(point)} leaves rubbish`).toEqual([
      'credential-process',
      'current',
      'generations',
    ]);
  }
  copy.remove();
}

async function killEverywhere(name: string, scenario: Scenario): Promise<void> {
  const started = Date.now();
  const points = await pointsOf(scenario);
  const queue = [...points];
  const worker = async (): Promise<void> => {
    for (let point = queue.shift(); point !== undefined; point = queue.shift()) await killAt(point, scenario);
  };
  await Promise.all([worker(), worker()]);
  process.stdout.write(
    `kill -9 in ${name}: ${String(points.length)} points in ${String(Date.now() - started)} ms\n`,
  );
}

/** A host with attempt 2 staged and signed. */
async function stagedHost(
  prepare: (host: TestHost) => Promise<void>,
): Promise<{ host: TestHost; parameters: Parameters }> {
  const host = TestHost.create();
  hosts.push(host);
  await prepare(host);
  const csr = csrOf(await host.run('GenerateCsr', { Attempt: attempt(2) }));
  return { host, parameters: { Attempt: attempt(2), ...(await ca.issue(csr)) } };
}

/** Turns the links of a deployed host into plain files, as the sample left them. */
async function withPlainFiles(host: TestHost): Promise<void> {
  await rotate(host, ca, 1);
  const names = [`${HOST_ID}.crt`, `${HOST_ID}.key`, 'ca_chain_certificate.crt'];
  const texts = names.map((name) => host.text(`/etc/certvend/${name}`));
  rmSync(host.path('/etc/certvend'), { recursive: true });
  rmSync(host.path('/var'), { recursive: true });
  mkdirSync(host.path('/etc/certvend'), { mode: 0o755 });
  names.forEach((name, index) => {
    writeFileSync(host.path(`/etc/certvend/${name}`), texts[index] ?? '', {
      mode: name.endsWith('.key') ? 0o400 : 0o644,
    });
  });
}

describe('kill -9', () => {
  test('while a key is made', { timeout: 180_000 }, async () => {
    const host = TestHost.create();
    hosts.push(host);
    await rotate(host, ca, 1);
    const before = pairOf(host);
    await killEverywhere('GenerateCsr', {
      host,
      kind: 'GenerateCsr',
      parameters: { Attempt: attempt(2) },
      before,
      functions: EVERYWHERE,
    });
  });

  test('on a fresh host', { timeout: 180_000 }, async () => {
    const { host, parameters } = await stagedHost(() => Promise.resolve());
    await killEverywhere('a first deployment', {
      host,
      kind: 'DeployCertificate',
      parameters,
      before: undefined,
      functions: AFTER_PREFLIGHT,
    });
  });

  test('in a rotation', { timeout: 180_000 }, async () => {
    const { host, parameters } = await stagedHost(async (fresh) => {
      await rotate(fresh, ca, 1);
    });
    await killEverywhere('a rotation', {
      host,
      kind: 'DeployCertificate',
      parameters,
      before: pairOf(host),
      functions: DEPLOYING,
    });
  });

  test('while plain files are adopted', { timeout: 180_000 }, async () => {
    const { host, parameters } = await stagedHost(withPlainFiles);
    await killEverywhere('an adoption', {
      host,
      kind: 'DeployCertificate',
      parameters,
      before: pairOf(host),
      functions: DEPLOYING,
    });
  });

  test('while the same certificate is deployed again', { timeout: 180_000 }, async () => {
    const host = TestHost.create();
    hosts.push(host);
    const issued = await ca.issue(csrOf(await host.run('GenerateCsr', { Attempt: attempt(1) })));
    await host.run('DeployCertificate', { Attempt: attempt(1), ...issued });
    const parameters = { Attempt: attempt(2), ...issued, KeyMode: '0440' };
    await killEverywhere('a redeployment', {
      host,
      kind: 'DeployCertificate',
      parameters,
      before: pairOf(host),
      functions: DEPLOYING,
    });
  });
});
