import { readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { csrOf, pairOf, rotate } from './pair.ts';
import { TestCa } from './test-ca.ts';
import { TestHost, attempt } from './test-host.ts';

const BOOT = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const LOCK = '/var/lib/certvend/lock';
let ca: TestCa;
let host: TestHost;

beforeAll(async () => {
  ca = await TestCa.create();
});
afterAll(() => {
  ca.remove();
});
beforeEach(() => {
  host = TestHost.create();
});
afterEach(() => {
  host.remove();
});

/** Replaces what the script does after its functions are defined. */
function withBody(body: string): { edit: (script: string) => string } {
  return { edit: (script) => script.replace(/\nmain\n*$/, `\n${body}\n`) };
}

describe('two runs at the same time', () => {
  test('of the same request give one key', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => host.run('GenerateCsr', { Attempt: attempt(1) })));

    expect(runs.map((run) => run.code)).toEqual([0, 0, 0]);
    expect(new Set(runs.map(csrOf)).size).toBe(1);
  });

  test('of the same deployment deploy once', async () => {
    const issued = await ca.issue(csrOf(await host.run('GenerateCsr', { Attempt: attempt(1) })));
    const runs = await Promise.all(
      [1, 2].map(() => host.run('DeployCertificate', { Attempt: attempt(1), ...issued })),
    );

    expect(runs.map((run) => run.result['outcome']).sort()).toEqual(['alreadyDeployed', 'deployed']);
    expect(pairOf(host).matches).toBe(true);
  });

  test('of different attempts never mix their files', async () => {
    await rotate(host, ca, 1);
    const second = await ca.issue(csrOf(await host.run('GenerateCsr', { Attempt: attempt(2) })));
    const [third, deployed] = await Promise.all([
      host.run('GenerateCsr', { Attempt: attempt(3) }),
      host.run('DeployCertificate', { Attempt: attempt(2), ...second }),
    ]);

    expect(third.result).toMatchObject({ ok: true });
    expect(['KeyMissing', undefined]).toContain(deployed.result['reason']); // the later request gave attempt 2 up
    expect(pairOf(host).matches).toBe(true);
  });
});

describe('the host lock', () => {
  test('lets one process in at a time', { timeout: 120_000 }, async () => {
    const counter = host.path('/counter');
    writeFileSync(counter, '0\n');
    const body = `check_user; check_common_parameters; ensure_directory "$state" 0700; take_lock
read -r n <'${counter}'; sleep 0.02; echo $((n + 1)) >'${counter}'; trap - EXIT`;
    const runs = await Promise.all(
      Array.from({ length: 16 }, () => host.run('GenerateCsr', { Attempt: attempt(1) }, withBody(body))),
    );

    expect(runs.map((run) => run.code)).toEqual(runs.map(() => 0));
    expect(readFileSync(counter, 'utf8')).toBe('16\n');
  });

  test('is refused in time while its holder lives, and names what to do', async () => {
    const short = { edit: (script: string): string => script.replace('lock_seconds=45', 'lock_seconds=1') };
    const issued = await ca.issue(csrOf(await host.run('GenerateCsr', { Attempt: attempt(1) })));
    host.helper('hang');
    const quick = {
      edit: (script: string): string => script.replace('session_seconds=45', 'session_seconds=4'),
    };
    const holder = host.run('DeployCertificate', { Attempt: attempt(1), ...issued }, quick);
    while (!host.exists('/root/helper-arguments')) await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await host.run('GenerateCsr', { Attempt: attempt(2) }, short);

    expect(second).toMatchObject({ code: 1, result: { step: 'preflight', reason: 'HostBusy' } });
    expect((await holder).result).toMatchObject({ reason: 'SessionTimedOut' });
  });

  test('is not taken with a number that was free when somebody looked long ago', async () => {
    await host.run('GenerateCsr', { Attempt: attempt(1) });
    const self = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    symlinkSync('aaaaaaaa-0000-4000-8000-000000000000:999999:1', host.path(`${LOCK}/5`));
    symlinkSync(`${BOOT}:${String(process.pid)}:${self[19] ?? ''}`, host.path(`${LOCK}/7`)); // this test holds the lock
    const sawFive = (script: string): string =>
      script
        .replace('newest_ticket "$directory" && newest=$REPLY', 'newest=5')
        .replace('lock_seconds=45', 'lock_seconds=0');
    const run = await host.run('GenerateCsr', { Attempt: attempt(2) }, { edit: sawFive });

    expect(run.result).toMatchObject({ ok: false, reason: 'HostBusy' });
    expect(readdirSync(host.path(LOCK)).sort()).toEqual(expect.not.arrayContaining(['6']));
  });

  test.each([
    ['a dead process', 'aaaaaaaa-0000-4000-8000-000000000000:999999:1'],
    ['another process with the same number', `${BOOT}:1:99999999`],
    ['a time before the last start of the host', 'aaaaaaaa-0000-4000-8000-000000000000:1:2'],
    ['nothing that makes sense', 'x'],
  ])('is taken over from %s', async (_, ticket) => {
    await host.run('GenerateCsr', { Attempt: attempt(1) });
    symlinkSync(ticket, host.path(`${LOCK}/9`));
    const run = await host.run('GenerateCsr', { Attempt: attempt(1) });

    expect(run.result).toMatchObject({ ok: true });
  });
});
