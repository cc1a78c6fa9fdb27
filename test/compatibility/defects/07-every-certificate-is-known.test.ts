/** In the sample a failed deployment left a valid certificate that nobody knew of. */
import { describe, expect, it } from 'vitest';
import { DAY, MINUTE } from '../../../src/core/time.ts';
import { HOST } from '../../builders/facts.ts';
import { World } from '../../ports/world.ts';

function failingWith(reason: string): World {
  const world = new World();
  world.enrol(HOST);
  world.hosts.host(HOST).trouble = (name) =>
    name === 'DeployCertificate' ? { reason, message: 'it failed' } : undefined;
  return world;
}

describe('defect 7: a failed deployment leaves a certificate that nobody knows of', () => {
  it('it is in the ledger from the start, and the next try deploys that very certificate', async () => {
    const world = failingWith('SessionRefused');
    await world.run(2 * MINUTE);
    const [entry] = world.ledger.entries.values();
    expect(entry).toMatchObject({ hostId: HOST, outcome: 'issued' });
    world.hosts.host(HOST).trouble = () => undefined;
    await world.run(30 * MINUTE);
    expect(world.row(HOST)).toMatchObject({ status: 'Ready', serial: entry?.serial });
    expect(world.authority.issued).toHaveLength(1);
  });

  it('one that can never be deployed is recorded as orphaned, and their number is bounded', async () => {
    const world = failingWith('KeyMissing');
    await world.run(DAY);
    const issued = world.authority.issued.map(({ arn }) => world.ledger.entries.get(arn)?.outcome);
    expect(issued.length).toBeGreaterThan(1);
    expect(issued.length).toBeLessThanOrEqual(2 * world.policy.maxIssuancesPerHostPerDay);
    expect(new Set(issued)).toEqual(new Set(['orphaned']));
  });
});
