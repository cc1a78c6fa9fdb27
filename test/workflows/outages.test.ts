import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { HOST } from '../builders/facts.ts';
import { MODES } from '../ports/faults.ts';
import type { Mode, PortCall } from '../ports/faults.ts';
import { World } from '../ports/world.ts';
import { expectLedgerComplete, expectNothingBroken, issuances, standing } from './invariants.ts';

const CALLS = [
  'inventory.get',
  'inventory.due',
  'inventory.all',
  'inventory.write',
  'ledger.record',
  'ledger.get',
  'ledger.ofHost',
  'ledger.note',
  'ledger.countIssuance',
  'queue.send',
  'nodes.states',
  'commands.send',
  'commands.result',
  'commands.find',
  'authority.issue',
  'authority.get',
  'notices.publish',
  'progress.load',
  'progress.save',
];
/** The CA answers and the answer is lost for longer than it remembers the token: only then it may sign twice. */
const mayDouble = (name: string, mode: Mode): boolean =>
  name === 'ledger.record' || (name === 'authority.issue' && (mode === 'lost' || mode === 'crashAfter'));

/** A check that dies four times in a row can leave no note; its new row is found by the daily reconcile. */
const MODES_WITHOUT_A_WORD: readonly Mode[] = ['crashBefore', 'crashAfter'];

/** What a host without a certificate may be kept waiting after an outage: the longest back-off and two ticks. */
const RECOVERY = HOUR + 30 * MINUTE;

async function outage(
  fails: (call: PortCall) => Mode | undefined,
  duration: number,
  after: number,
): Promise<World> {
  const world = new World();
  const end = world.agenda.now() + duration;
  world.faults.plan = (call) => (call.at < end ? fails(call) : undefined);
  world.enrol(HOST);
  await world.run(duration + after);
  return world;
}

describe('an outage of one call', () => {
  it.each(CALLS)('%s: all hosts come through it, with one certificate', async (name) => {
    const found: string[] = [];
    for (const mode of MODES) {
      for (const duration of [4 * MINUTE, HOUR, 5 * HOUR]) {
        const recovery = MODES_WITHOUT_A_WORD.includes(mode) ? DAY : RECOVERY;
        const world = await outage((call) => (call.name === name ? mode : undefined), duration, recovery);
        const label = `${mode} for ${String(duration / MINUTE)} min`;
        const state = standing(world, HOST);
        if (state !== 'Ready') found.push(`${label}: ${state}`);
        const count = issuances(world, HOST);
        const allowed = mayDouble(name, mode) ? 1 + duration / (15 * MINUTE) : 1;
        if (count > allowed) found.push(`${label}: ${String(count)} issuances`);
        expectNothingBroken(world);
        if (!mayDouble(name, mode)) expectLedgerComplete(world);
      }
    }
    expect(found).toEqual([]);
  });
});
