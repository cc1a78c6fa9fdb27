import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { hashFraction } from '../../src/core/renewal-window.ts';
import type { WorkItem } from '../../src/core/messages.ts';
import { HOST } from '../builders/facts.ts';
import { MODES } from '../ports/faults.ts';
import type { Mode } from '../ports/faults.ts';
import { World } from '../ports/world.ts';
import { expectLedgerComplete, expectNothingBroken, issuances, standing } from './invariants.ts';

const IDS = [HOST, 'mi-00000000000000001', 'mi-00000000000000002'];
const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);
/** Modes after which the CA is never left with an answer that nobody got. */
const HARMLESS: readonly Mode[] = ['throttled', 'unavailable', 'denied', 'crashBefore'];

/** Each call fails with the given chance, in a way drawn by the seed; the same seed gives the same storm. */
function storm(world: World, seed: number, chance: number, modes: readonly Mode[]): void {
  world.faults.plan = ({ index }) => {
    if (hashFraction(String(seed), String(index)) >= chance) return undefined;
    return modes[Math.floor(hashFraction(String(seed), String(index), 'mode') * modes.length)];
  };
}

/** Lost, in time, late, doubled: by the seed, and so also out of order. */
function eventWeather(seed: number): World['eventDelays'] {
  let events = 0;
  return () => {
    const draw = hashFraction(String(seed), 'event', String((events += 1)));
    if (draw < 0.25) return [];
    if (draw < 0.5) return [1];
    return draw < 0.75 ? [Math.floor(draw * 600)] : [1, 2, Math.floor(draw * 900)];
  };
}

describe('a storm of three hours', () => {
  it.each(SEEDS)('number %i is survived by every host', async (seed) => {
    const world = new World();
    world.eventDelays = eventWeather(seed);
    storm(world, seed, 0.2, MODES);
    for (const id of IDS) world.enrol(id);
    await world.run(3 * HOUR);
    for (const id of IDS) world.inventory.update(id, {}, ['expiry']);
    await world.run(10 * MINUTE);
    world.faults.plan = () => undefined;
    // A host with a long life ahead may wait out eight hours.
    await world.run(DAY + 9 * HOUR);
    world.queue.redrive();
    await world.run(HOUR);
    for (const id of IDS) {
      expect(standing(world, id)).toBe('Ready');
      expect(issuances(world, id)).toBeLessThan(10);
    }
    expectNothingBroken(world);
  });

  it.each(SEEDS)(
    'number %i in which no answer of the CA is lost costs one certificate each',
    async (seed) => {
      const world = new World();
      world.eventDelays = eventWeather(seed);
      const weather = (call: { readonly name: string; readonly index: number }): Mode | undefined => {
        if (call.name === 'authority.issue' || call.name === 'ledger.record') return undefined;
        if (hashFraction(String(seed), String(call.index)) >= 0.15) return undefined;
        return HARMLESS[Math.floor(hashFraction(String(seed), String(call.index), 'mode') * HARMLESS.length)];
      };
      world.faults.plan = weather;
      for (const id of IDS) world.enrol(id);
      await world.run(3 * HOUR);
      world.faults.plan = () => undefined;
      await world.run(DAY + 9 * HOUR);
      for (const id of IDS) {
        expect(standing(world, id)).toBe('Ready');
        expect(issuances(world, id)).toBe(1);
      }
      expectNothingBroken(world);
      expectLedgerComplete(world);
    },
  );
});

describe('events', () => {
  const WEATHER: Readonly<Record<string, (item: WorkItem) => readonly number[]>> = {
    lost: () => [],
    'late by ten minutes': () => [10 * MINUTE],
    'late by a day': () => [DAY],
    doubled: () => [1, 1, 2],
    'doubled, the second one hours later': () => [1, 3 * HOUR],
    'reordered: the certificate before the CSR': ({ kind }) => [kind === 'commandFinished' ? 80 : 1],
  };

  it.each(Object.entries(WEATHER))(
    '%s cost a few minutes at most, and nothing else',
    async (_name, delays) => {
      const world = new World();
      world.eventDelays = delays;
      world.enrol(HOST);
      await world.run(8 * MINUTE);
      expect(standing(world, HOST)).toBe('Ready');
      await world.run(2 * DAY);
      expect(issuances(world, HOST)).toBe(1);
      expect(standing(world, HOST)).toBe('Ready');
      expectLedgerComplete(world);
      expect(world.row(HOST)).not.toHaveProperty('failure');
    },
  );

  it('lost together with the answer of the CA leave its token, and so one certificate', async () => {
    const world = new World();
    world.eventDelays = () => [];
    let answers = 0;
    world.faults.plan = ({ name }) =>
      name === 'authority.issue' && (answers += 1) === 1 ? 'lost' : undefined;
    world.enrol(HOST);
    await world.run(HOUR);
    expect(standing(world, HOST)).toBe('Ready');
    expect(issuances(world, HOST)).toBe(1);
  });
});
