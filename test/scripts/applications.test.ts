import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { csrOf, pairOf, rotate } from './pair.ts';
import { TestCa } from './test-ca.ts';
import { HOST_ID, TestHost, attempt, execute } from './test-host.ts';

const CONFIG = '/etc/aws/config';
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

function writeConfig(text: string): void {
  mkdirSync(host.path('/etc/aws'), { recursive: true, mode: 0o755 });
  writeFileSync(host.path(CONFIG), text, { mode: 0o640 });
}

describe('owner, group and mode of the key', () => {
  test('are those of the row, never wider than 0440', async () => {
    const Group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    const run = await rotate(host, ca, 1, { Owner: userInfo().username, Group, KeyMode: '0440' });

    expect(run.result).toMatchObject({ ok: true });
    const key = statSync(host.path(`/etc/certvend/${HOST_ID}.key`));
    expect({ mode: key.mode & 0o777, uid: key.uid, gid: key.gid }).toEqual({
      mode: 0o440,
      uid: userInfo().uid,
      gid: userInfo().gid,
    });
  });
});

describe('the reload unit', () => {
  function systemctl(code: number): void {
    host.writeProgram(
      '/bin/systemctl',
      `#!/bin/sh\necho "$*" >>'${host.path('/systemctl-calls')}'\nexit ${String(code)}\n`,
    );
  }

  test('is told once the pair is in use', async () => {
    systemctl(0);
    const run = await rotate(host, ca, 1, { ReloadUnit: 'app@1.service' });

    expect(run.result).toMatchObject({ ok: true, reload: 'done' });
    expect(host.text('/systemctl-calls')).toBe('try-reload-or-restart -- app@1.service\n');
  });

  test('may fail: the certificate is in use, and the same attempt tells it again', async () => {
    systemctl(1);
    const issued = await ca.issue(csrOf(await host.run('GenerateCsr', { Attempt: attempt(1) })));
    const parameters = { Attempt: attempt(1), ...issued, ReloadUnit: 'app.service' };
    const first = await host.run('DeployCertificate', parameters);
    systemctl(0);
    const second = await host.run('DeployCertificate', parameters);

    expect(first).toMatchObject({ code: 0, result: { ok: true, outcome: 'deployed', reload: 'failed' } });
    expect(second).toMatchObject({
      code: 0,
      result: { ok: true, outcome: 'alreadyDeployed', reload: 'done' },
    });
  });

  test('is not told when the proof fails', async () => {
    systemctl(0);
    host.helper('refuse');
    await rotate(host, ca, 1, { ReloadUnit: 'app.service' });

    expect(host.exists('/systemctl-calls')).toBe(false);
  });
});

describe('the AWS config file', () => {
  const profile = { AwsConfigFile: CONFIG, AwsProfile: 'app' };

  test('gets one profile whose program trades the pair in use for credentials', async () => {
    const run = await rotate(host, ca, 1, { ...profile, Endpoint: 'https://vpce.example.com' });
    const command = /^credential_process = "(.*)"$/m.exec(host.text(CONFIG))?.[1] ?? '';
    rmSync(host.path('/root/helper-arguments'));
    const { stdout } = await execute(command, []);

    expect(run.result).toMatchObject({ ok: true });
    expect(host.text(CONFIG)).toContain('[profile app]\n');
    expect(JSON.parse(stdout)).toMatchObject({ Version: 1 });
    const words = host.text('/root/helper-arguments');
    expect(words).toContain(`/generations/${attempt(1)}/certificate.pem\n--private-key\n`);
    expect(words).toContain('--endpoint\nhttps://vpce.example.com\n');
  });

  test('keeps everything else in it, and its mode', async () => {
    writeConfig('[default]\nregion = eu-west-1');
    await rotate(host, ca, 1, profile);
    writeFileSync(host.path(CONFIG), `${host.text(CONFIG)}[profile other]\nregion = us-east-1\n`);
    await rotate(host, ca, 2, { ...profile, AwsProfile: 'renamed' });

    const text = host.text(CONFIG);
    expect(text).toMatch(/^\[default\]\nregion = eu-west-1\n# BEGIN certvend/);
    expect(text).toMatch(/# END certvend mi-[0-9a-f]+\n\[profile other\]\nregion = us-east-1\n$/);
    expect(text).toContain('[profile renamed]\n');
    expect(text).not.toContain('[profile app]');
    expect(statSync(host.path(CONFIG)).mode & 0o777).toBe(0o640);
  });

  test.each([
    ['a profile of that name that somebody else wrote', '[profile app]\nregion = x\n', 'AwsProfileTaken'],
    ['a block without end', `# BEGIN certvend ${HOST_ID}\n[profile app]\n`, 'AwsConfigUnsafe'],
  ])('is refused with %s, before anything is switched', async (_, text, reason) => {
    await rotate(host, ca, 1);
    const before = pairOf(host);
    writeConfig(text);
    const run = await rotate(host, ca, 2, profile);

    expect(run).toMatchObject({ code: 1, result: { ok: false, step: 'preflight', reason } });
    expect(host.text(CONFIG)).toBe(text);
    expect(pairOf(host)).toEqual(before);
  });

  test('is refused as a link, and without a profile name', async () => {
    writeConfig('');
    symlinkSync('config', host.path('/etc/aws/link'));
    const link = await rotate(host, ca, 1, { AwsConfigFile: '/etc/aws/link', AwsProfile: 'app' });
    const nameless = await rotate(host, ca, 2, { AwsConfigFile: CONFIG });
    const fileless = await rotate(host, ca, 3, { AwsProfile: 'app' });

    expect(link.result).toMatchObject({ reason: 'AwsConfigUnsafe' });
    expect(nameless.result).toMatchObject({ reason: 'ParameterInvalid' });
    expect(fileless.result).toMatchObject({ reason: 'ParameterInvalid' });
  });

  test('in the default profile uses the section of that name', async () => {
    await rotate(host, ca, 1, { AwsConfigFile: CONFIG, AwsProfile: 'default' });

    expect(readFileSync(host.path(CONFIG), 'utf8')).toContain('\n[default]\ncredential_process');
  });
});
