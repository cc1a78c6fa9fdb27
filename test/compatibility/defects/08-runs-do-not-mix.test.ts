/** In the sample two runs overlapped: the key of one met the certificate of the other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/core/time.ts';
import { HOST } from '../../builders/facts.ts';
import { publicKeyHash } from '../../ports/certificates.ts';
import { World } from '../../ports/world.ts';
import { csrOf, pairOf, rotate } from '../../scripts/pair.ts';
import { TestCa } from '../../scripts/test-ca.ts';
import { attempt, TestHost } from '../../scripts/test-host.ts';

describe('defect 8: two runs overlap', () => {
  it('whoever asks, however often, one attempt is under way and its key meets its own certificate', async () => {
    const world = new World();
    world.enrol(HOST);
    world.hosts.host(HOST).delaySeconds = 40;
    for (let times = 0; times < 12; times += 1) {
      await Promise.all([world.invokeCheck(), world.invokeCheck()]);
      world.inventory.update(HOST, { touched: times });
      await world.run(10);
    }
    await world.run(MINUTE);
    const { current } = world.hosts.host(HOST).disks[0] ?? {};
    const issued = world.authority.issued.find(({ certificate }) => certificate.serial === current?.serial);
    expect(issued?.certificate.publicKeyHash).toBe(publicKeyHash(current?.key ?? ''));
    expect(new Set(world.hosts.sent.map((command) => command.attempt)).size).toBe(1);
    expect(world.authority.issued).toHaveLength(1);
  });

  describe('on the host', () => {
    let ca: TestCa;
    let host: TestHost;
    beforeAll(async () => {
      ca = await TestCa.create();
      host = TestHost.create();
      await rotate(host, ca, 1);
    });
    afterAll(() => {
      ca.remove();
      host.remove();
    });

    it('the certificate of one attempt is refused in the other', async () => {
      const before = pairOf(host);
      const first = await host.run('GenerateCsr', { Attempt: attempt(2) });
      const second = await host.run('GenerateCsr', { Attempt: attempt(3) });
      expect(csrOf(first)).not.toBe(csrOf(second));
      const swapped = { Attempt: attempt(3), ...(await ca.issue(csrOf(first))) };
      expect((await host.run('DeployCertificate', swapped)).result).toMatchObject({
        ok: false,
        reason: 'KeyMismatch',
      });
      expect(pairOf(host)).toEqual(before);
      const own = { Attempt: attempt(3), ...(await ca.issue(csrOf(second))) };
      expect((await host.run('DeployCertificate', own)).result).toMatchObject({ ok: true });
      expect(pairOf(host).matches).toBe(true);
    });
  });
});
