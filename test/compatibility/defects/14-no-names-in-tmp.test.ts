/** The sample's root script wrote predictable names in /tmp: symlink attacks, and tmp cleaners that delete the identity. */
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rotate } from '../../scripts/pair.ts';
import { TestCa } from '../../scripts/test-ca.ts';
import { attempt, HOST_ID, TestHost } from '../../scripts/test-host.ts';

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
  mkdirSync(host.path('/tmp'));
  chmodSync(host.path('/tmp'), 0o1777);
});
afterEach(() => {
  host.remove();
});

const TMP = { CertPath: '/tmp', KeyPath: '/tmp', CsrPath: '/tmp', CaCertPath: '/tmp' };

describe('defect 14: names in /tmp', () => {
  it('a directory that everybody can write to is refused, with what to use instead', async () => {
    const run = await host.run('GenerateCsr', { Attempt: attempt(1), ...TMP });
    expect(run.result).toMatchObject({ ok: false, step: 'preflight', reason: 'DirectoryUnsafe' });
    expect(run.result['message']).toMatch(/\/tmp.*\/etc\/certvend/);
    expect(readdirSync(host.path('/tmp'))).toEqual([]);
  });

  it('a link that waits under the name of the key is not followed', async () => {
    const victim = host.path('/victim');
    writeFileSync(victim, 'precious');
    mkdirSync(host.path('/etc'));
    mkdirSync(host.path('/etc/certvend'), { mode: 0o755 });
    symlinkSync(victim, host.path(`/etc/certvend/${HOST_ID}.key`));
    await rotate(host, ca, 1).catch(() => undefined);
    expect(host.text('/victim')).toBe('precious');
  });

  it('a rotation leaves nothing in /tmp', async () => {
    expect((await rotate(host, ca, 1)).result).toMatchObject({ ok: true });
    expect(readdirSync(host.path('/tmp'))).toEqual([]);
    expect(existsSync(host.path(`/etc/certvend/${HOST_ID}.key`))).toBe(true);
  });
});
