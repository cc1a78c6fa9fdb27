/** In the sample a deleted row left a valid certificate without a trace. */
import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/core/time.ts';
import { HOST } from '../../builders/facts.ts';
import { World } from '../../ports/world.ts';

describe('defect 22: a deleted row', () => {
  it('leaves the serial to revoke in the ledger, as orphaned', async () => {
    const world = new World();
    world.enrol(HOST);
    await world.run(MINUTE);
    const { serial } = world.row(HOST);
    world.inventory.delete(HOST);
    await world.run(MINUTE);
    expect([...world.ledger.entries.values()]).toEqual([
      expect.objectContaining({ hostId: HOST, serial, outcome: 'orphaned' }),
    ]);
    expect(world.inventory.rows.size).toBe(0);
  });
});
