import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { HOST } from '../builders/facts.ts';
import { World } from '../ports/world.ts';
import { expectLedgerComplete, expectNothingBroken, issuances, standing } from './invariants.ts';

/** Calls whose quotas certvend shares with others. */
const CALLS = [
  'nodes.states',
  'commands.send',
  'commands.result',
  'commands.find',
  'authority.issue',
  'authority.get',
];

describe('throttled is not failed', () => {
  it.each(CALLS)(
    '%s throttled for five hours: no failure, no dead letter, no second certificate',
    async (name) => {
      const world = new World();
      const end = world.agenda.now() + 5 * HOUR;
      world.faults.plan = (call) => (call.name === name && call.at < end ? 'throttled' : undefined);
      world.enrol(HOST);
      for (let hours = 0; hours < 5; hours += 1) {
        await world.run(HOUR);
        expect(world.row(HOST)).not.toHaveProperty('failure');
        expect(world.queue.deadLetters).toEqual([]);
      }
      await world.run(20 * MINUTE);
      expect(standing(world, HOST)).toBe('Ready');
      expect(issuances(world, HOST)).toBe(1);
      expectNothingBroken(world);
      expectLedgerComplete(world);
    },
  );

  it('costs a bounded number of calls: six for each look, ten looks per quarter of an hour', async () => {
    const world = new World();
    world.faults.plan = ({ name }) => (name === 'authority.issue' ? 'throttled' : undefined);
    world.enrol(HOST);
    await world.run(HOUR);
    world.faults.calls.length = 0;
    await world.run(5 * HOUR);
    expect(world.faults.calls.length / 20).toBeLessThan(70);
    expect(world.queue.waiting).toBeLessThanOrEqual(2);
  });

  it('does not count resumes that were only throttled, but still gives up what fails in between', async () => {
    const world = new World();
    world.hosts.invisibleSeconds = 10 * HOUR;
    world.enrol(HOST);
    await world.run(2 * HOUR);
    expect(world.row(HOST)).toMatchObject({ failure: { reason: 'AttemptExhausted' } });
  });
});
