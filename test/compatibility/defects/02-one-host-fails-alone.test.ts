/** In the sample one failed, timed-out or offline host failed the whole batch. */
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { World } from '../../ports/world.ts';

const id = (index: number): string => `mi-${String(index).padStart(17, '0')}`;
const GOOD = [id(1), id(2), id(3)];
const [OFFLINE, FAILING, SLOW, UNKNOWN, INVALID] = [id(4), id(5), id(6), id(7), id(8)];

function fleet(): World {
  const world = new World();
  for (const host of [...GOOD, OFFLINE, FAILING, SLOW]) world.hosts.add(host);
  world.hosts.host(OFFLINE).agent = 'offline';
  world.hosts.host(FAILING).trouble = () => ({ reason: 'HelperMissing', message: 'there is no helper' });
  world.hosts.host(SLOW).trouble = () => 'hangs';
  return world;
}

describe('defect 2: one host fails the whole batch', () => {
  it('all others get their certificate within a minute, the failed ones a reason and a next try', async () => {
    const world = fleet();
    // Behind the stream's back, so that one check meets all of them in one batch.
    for (const hostID of [OFFLINE, GOOD[0], FAILING, GOOD[1], UNKNOWN, SLOW, INVALID, GOOD[2]])
      world.inventory.rows.set(String(hostID), { hostID, ...(hostID === INVALID ? { owner: 'a b' } : {}) });
    await world.invokeCheck();
    await world.run(MINUTE);
    expect(GOOD.map((host) => world.row(host)['status'])).toEqual(['Ready', 'Ready', 'Ready']);
    await world.run(10 * MINUTE);
    const reasons = [OFFLINE, FAILING, SLOW, UNKNOWN, INVALID].map((host) => world.row(host)['statusReason']);
    expect(reasons).toEqual([
      'AgentOffline',
      'HelperMissing',
      'CommandTimedOut',
      'HostUnknown',
      'InvalidRow',
    ]);
    expect(GOOD.map((host) => world.row(host)['status'])).toEqual(['Ready', 'Ready', 'Ready']);
  });

  it('the failed ones recover by themselves, one by one', async () => {
    const world = fleet();
    for (const host of [OFFLINE, FAILING, SLOW, ...GOOD]) world.inventory.put({ hostID: host });
    await world.run(20 * MINUTE);
    world.hosts.host(OFFLINE).agent = 'online';
    world.hosts.host(FAILING).trouble = () => undefined;
    await world.run(2 * HOUR);
    expect([OFFLINE, FAILING].map((host) => world.row(host)['status'])).toEqual(['Ready', 'Ready']);
    expect(world.row(SLOW)['status']).not.toBe('Ready');
  });
});
