/** The sample's notices named the wrong step, and for some failures there were none at all. */
import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/core/time.ts';
import { HOST } from '../../builders/facts.ts';
import { World } from '../../ports/world.ts';

const trouble = { reason: 'SomethingWrong', message: 'something is wrong' };

const FAILURES: readonly [string, (world: World) => void, RegExp, RegExp][] = [
  [
    'an invalid row',
    (world) => {
      world.inventory.put({ hostID: HOST, certPath: 'not absolute' });
    },
    /reading the row/,
    /InvalidRow: certPath is "not absolute"/,
  ],
  [
    'a host that is not registered',
    (world) => {
      world.hosts.hosts.delete(HOST);
    },
    /reaching the host/,
    /HostUnknown/,
  ],
  [
    'an agent that is offline',
    (world) => {
      world.hosts.host(HOST).agent = 'offline';
    },
    /reaching the host/,
    /AgentOffline/,
  ],
  [
    'a CSR that cannot be made',
    (world) => {
      world.hosts.host(HOST).trouble = (name) => (name === 'GenerateCsr' ? trouble : undefined);
    },
    /generating the CSR on the host/,
    /SomethingWrong: something is wrong/,
  ],
  [
    'a command that never ends',
    (world) => {
      world.hosts.host(HOST).trouble = () => 'hangs';
    },
    /generating the CSR on the host/,
    /CommandTimedOut/,
  ],
  [
    'a CA that refuses',
    (world) => {
      world.authority.state = 'disabled';
    },
    /issuing the certificate/,
    /RequestRefused/,
  ],
  [
    'a CA that cannot sign',
    (world) => {
      world.authority.state = 'cannotSign';
    },
    /issuing the certificate/,
    /IssuanceFailed/,
  ],
  [
    'a certificate that cannot be deployed',
    (world) => {
      world.hosts.host(HOST).trouble = (name) => (name === 'DeployCertificate' ? trouble : undefined);
    },
    /deploying the certificate on the host/,
    /SomethingWrong: something is wrong/,
  ],
  [
    'a unit that cannot be reloaded',
    (world) => {
      world.inventory.put({ hostID: HOST, reloadUnit: 'app.service' });
      world.hosts.reloadFails = true;
    },
    /reloading the unit on the host/,
    /ReloadFailed/,
  ],
];

describe('defect 19: notices that name the wrong step, or none', () => {
  it.each(FAILURES)(
    '%s is told with its own step, the reason and the next try',
    async (_, cause, step, reason) => {
      const world = new World();
      world.enrol(HOST);
      cause(world);
      await world.run(31 * MINUTE);
      const [notice] = world.notices;
      expect(notice?.body).toContain(HOST);
      expect(notice?.body).toMatch(new RegExp(`failed at: {2}${step.source}`));
      expect(notice?.body).toMatch(reason);
      expect(notice?.body).toMatch(/to do: +\S/);
      expect(notice?.body).toMatch(/next try: +\S/);
    },
  );
});
