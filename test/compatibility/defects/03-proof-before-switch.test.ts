/** The sample switched files although the validation had failed, and overwrote the chain file before it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csrOf, pairOf, rotate } from '../../scripts/pair.ts';
import { TestCa } from '../../scripts/test-ca.ts';
import { attempt, TestHost } from '../../scripts/test-host.ts';

let old: TestCa;
let next: TestCa;
let host: TestHost;

beforeAll(async () => {
  [old, next] = [await TestCa.create(), await TestCa.create()];
  host = TestHost.create();
  await rotate(host, old, 1);
});
afterAll(() => {
  old.remove();
  next.remove();
  host.remove();
});

describe('defect 3: files switched although the validation failed', () => {
  it('a refused session leaves certificate, key and chain as they were', async () => {
    const [pair, chain] = [pairOf(host), host.text('/etc/certvend/ca_chain_certificate.crt')];
    const request = await host.run('GenerateCsr', { Attempt: attempt(2) });
    // Of another CA, so that the chain file would change, too.
    const issued = await next.issue(csrOf(request));
    host.helper('refuse');
    const run = await host.run('DeployCertificate', { Attempt: attempt(2), ...issued });
    expect(run.result).toMatchObject({ ok: false, step: 'session', reason: 'SessionRefused' });
    expect(pairOf(host)).toEqual(pair);
    expect(host.text('/etc/certvend/ca_chain_certificate.crt')).toBe(chain);
    expect(chain).not.toBe(next.chain);
  });
});
