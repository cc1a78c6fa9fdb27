/** The sample rewrote the whole row: live serial and expiry lost, other attributes wiped, defaults frozen into it. */
import { describe, expect, it } from 'vitest';
import { ADMINISTRATOR_ATTRIBUTES } from '../../../src/core/host-request.ts';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { HOST } from '../../builders/facts.ts';
import { World } from '../../ports/world.ts';

const OF_OTHERS = { team: 'payments', ticket: 4711, labels: ['eu'], keyPath: '/srv/keys' };

describe('defect 5: the whole row is rewritten', () => {
  it('serial and expiry stay those of the certificate in use until another one is in use', async () => {
    const world = new World();
    world.hosts.add(HOST);
    world.inventory.put({ hostID: HOST, ...OF_OTHERS });
    await world.run(MINUTE);
    const { serial, expiry } = world.row(HOST);
    world.hosts.host(HOST).trouble = (name) =>
      name === 'DeployCertificate' ? { reason: 'SessionRefused', message: 'refused' } : undefined;
    world.policy = { ...world.policy };
    await world.run(5 * 24 * HOUR);
    expect(world.row(HOST)).toMatchObject({ status: 'Failing', serial, expiry, ...OF_OTHERS });
    world.hosts.host(HOST).trouble = () => undefined;
    await world.run(10 * HOUR);
    expect(world.row(HOST)).toMatchObject({ status: 'Ready', ...OF_OTHERS });
    expect(world.row(HOST)['serial']).not.toBe(serial);
  });

  it('no default is ever written into a row', async () => {
    const world = new World();
    world.enrol(HOST);
    await world.run(HOUR);
    const names = Object.keys(world.row(HOST));
    expect(names).toContain('serial');
    expect(names.filter((name) => ADMINISTRATOR_ATTRIBUTES.some((known) => known === name))).toEqual([]);
  });
});
