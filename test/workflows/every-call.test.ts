import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { HOST } from '../builders/facts.ts';
import { MODES, once } from '../ports/faults.ts';
import type { Mode } from '../ports/faults.ts';
import { World } from '../ports/world.ts';
import { expectLedgerComplete, expectNothingBroken, issuances, standing } from './invariants.ts';

const OTHER = 'mi-00000000000000001';
/** A host enrols; and a host that has a certificate gets another. */
const ROTATIONS: Readonly<Record<string, () => Promise<World>>> = {
  'a first certificate': () => {
    const world = new World();
    world.enrol(HOST);
    return Promise.resolve(world);
  },
  'a rotation': async () => {
    const world = new World();
    world.enrol(OTHER);
    world.enrol(HOST);
    await world.run(HOUR);
    world.faults.calls.length = 0;
    world.inventory.update(HOST, {}, ['expiry']);
    return world;
  },
};

async function disturbed(
  begin: () => Promise<World>,
  index: number,
  mode: Mode,
): Promise<{ world: World; name: string }> {
  const world = await begin();
  let name = 'no call';
  const plan = once(index, mode);
  world.faults.plan = (call) => {
    if (call.index === index) name = call.name;
    return plan(call);
  };
  await world.run(10 * HOUR);
  return { world, name };
}

describe.each(Object.entries(ROTATIONS))('%s', (_rotation, begin) => {
  it('takes less than a minute and few calls when nothing fails', async () => {
    const world = await begin();
    const before = issuances(world, HOST);
    await world.run(MINUTE);
    expect(standing(world, HOST)).toBe('Ready');
    expect(issuances(world, HOST)).toBe(before + 1);
    expect(world.faults.calls.length).toBeLessThan(40);
  });

  it.each(MODES)('is not lost, not doubled and not misled by any one call that is %s', async (mode) => {
    const undisturbed = await begin();
    const before = issuances(undisturbed, HOST);
    await undisturbed.run(MINUTE);
    const calls = undisturbed.faults.calls.length;
    const found: string[] = [];
    for (let index = 0; index < calls; index += 1) {
      const { world, name } = await disturbed(begin, index, mode);
      const label = `${String(index)} ${name}`;
      const state = standing(world, HOST);
      if (state !== 'Ready') found.push(`${label}: ${state}`);
      const count = issuances(world, HOST) - before;
      if (count !== 1) found.push(`${label}: ${String(count)} issuances`);
      expectNothingBroken(world);
      expectLedgerComplete(world);
    }
    expect(calls).toBeGreaterThan(15);
    expect(found).toEqual([]);
  });
});
