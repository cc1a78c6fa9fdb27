/** In the sample a command that ran late, after its attempt was given up, did harm. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csrOf, pairOf, rotate } from '../../scripts/pair.ts';
import { TestCa } from '../../scripts/test-ca.ts';
import { attempt, TestHost } from '../../scripts/test-host.ts';

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

describe('defect 13: a command that runs late', () => {
  it('belongs to an older attempt than the one in use, and changes nothing', async () => {
    const request = await host.run('GenerateCsr', { Attempt: attempt(1) });
    const late = { Attempt: attempt(1), ...(await ca.issue(csrOf(request))) };
    await rotate(host, ca, 2);
    const before = pairOf(host);
    expect((await host.run('DeployCertificate', late)).result).toMatchObject({
      ok: false,
      reason: 'AttemptSuperseded',
    });
    expect((await host.run('GenerateCsr', { Attempt: attempt(1) })).result).toMatchObject({
      ok: false,
      reason: 'AttemptSuperseded',
    });
    expect(pairOf(host)).toEqual(before);
  });

  it('was asked for more than an hour ago, and changes nothing', async () => {
    const before = pairOf(host);
    const RequestedAt = String(Math.floor(Date.now() / 1000) - 3_700);
    const run = await host.run('GenerateCsr', { Attempt: attempt(3), RequestedAt });
    expect(run.result).toMatchObject({ ok: false, reason: 'ClockWrong' });
    expect(pairOf(host)).toEqual(before);
    expect(host.exists(`/var/lib/certvend/${before.commonName.slice(3)}/staging/${attempt(3)}`)).toBe(false);
  });
});
