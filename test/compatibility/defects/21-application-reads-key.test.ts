/** The sample's keys could not be read by the application that needed them. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rotate } from '../../scripts/pair.ts';
import { TestCa } from '../../scripts/test-ca.ts';
import { HOST_ID, TestHost } from '../../scripts/test-host.ts';

let ca: TestCa;
let host: TestHost;
beforeAll(async () => {
  ca = await TestCa.create();
  host = TestHost.create();
});
afterAll(() => {
  ca.remove();
  host.remove();
});

describe('defect 21: keys that an application user cannot read', () => {
  it('the row names a group that may read the key, and every directory on the way lets it pass', async () => {
    const Group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    const run = await rotate(host, ca, 1, { Group, KeyMode: '0440' });
    expect(run.result).toMatchObject({ ok: true });
    const key = statSync(host.path(`/etc/certvend/${HOST_ID}.key`));
    expect(key.mode & 0o777).toBe(0o440);
    expect(key.gid).toBe(process.getgid?.());
    const passages = [
      '/etc/certvend',
      '/etc/certvend/.certvend',
      `/etc/certvend/.certvend/${HOST_ID}`,
      `/etc/certvend/.certvend/${HOST_ID}/current`,
    ];
    for (const path of passages) expect(statSync(host.path(path)).mode & 0o011).toBe(0o011);
  });

  it('nobody else may read it, and without a word of the row only its owner may', async () => {
    const run = await rotate(host, ca, 2);
    expect(run.result).toMatchObject({ ok: true });
    expect(statSync(host.path(`/etc/certvend/${HOST_ID}.key`)).mode & 0o777).toBe(0o400);
  });
});
