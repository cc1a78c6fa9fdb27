import { expect, it } from 'vitest';
import { MINUTE } from '../../src/core/time.ts';
import { World } from '../ports/world.ts';

const HOSTS = 100;
const CLAIMS_BEFORE_THE_END = 60;

it('a check that is stopped at its time-out leaves most of what it claimed to the queue, not to the deadline', async () => {
  const world = new World();
  // Rows that only a look at the whole table finds.
  world.inventory.onChange = () => undefined;
  const ids = Array.from({ length: HOSTS }, (_, index) => `mi-${String(index).padStart(17, '0')}`);
  for (const id of ids) world.enrol(id);
  let claims = 0;
  world.faults.plan = ({ name }) => {
    if (name === 'inventory.write') claims += 1;
    return claims === CLAIMS_BEFORE_THE_END ? 'crashAfter' : undefined;
  };
  await world.invokeCheck();
  world.faults.plan = () => undefined;
  await world.run(5 * MINUTE);
  const ready = ids.filter((id) => world.row(id)['certificate'] !== undefined).length;
  expect(ready).toBeGreaterThanOrEqual(CLAIMS_BEFORE_THE_END - 25);
});
