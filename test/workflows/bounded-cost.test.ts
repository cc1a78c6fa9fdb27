import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CertvendError } from '../../src/core/errors.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { HOST } from '../builders/facts.ts';
import type { Mode } from '../ports/faults.ts';
import { World } from '../ports/world.ts';
import { expectNothingBroken, issuances, standing } from './invariants.ts';

const DAYS = 90;
/** Attempts that never end are the most work, and the same every day. */
const DAYS_OF_THE_BUSIEST = 20;
/**
 * Of one host that fails for ever. At worst an attempt looks every 90 seconds for an hour, with six calls each time, and is
 * followed by an hour of back-off; the rest are ticks that find nothing.
 */
const CALLS_PER_DAY = 12 * 40 * 6 + 96 * 4;

// A hundred thousand errors are thrown here; their stacks cost more than everything else.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** What can go on failing for ever, and how it shows. */
const FOR_EVER: Readonly<Record<string, (world: World) => void>> = {
  'the host cannot make a key': (world) => {
    world.hosts.host(HOST).trouble = () => ({ reason: 'SpaceShort', message: 'no space' });
  },
  'the host refuses every certificate': (world) => {
    world.hosts.host(HOST).trouble = (name) =>
      name === 'GenerateCsr' ? undefined : { reason: 'SessionRefused', message: 'refused' };
  },
  'the host loses every key': (world) => {
    world.hosts.host(HOST).trouble = (name) =>
      name === 'GenerateCsr' ? undefined : { reason: 'KeyMissing', message: 'no key' };
  },
  'the host hangs': (world) => {
    world.hosts.host(HOST).trouble = () => 'hangs';
  },
  'the host is offline': (world) => {
    world.hosts.host(HOST).agent = 'offline';
  },
  'nobody knows the host': (world) => {
    world.hosts.host(HOST).agent = 'unknown';
  },
  'the CA is disabled': (world) => {
    world.authority.state = 'disabled';
  },
  'the CA cannot sign': (world) => {
    world.authority.state = 'cannotSign';
  },
  'the CA does not answer': outage('authority.issue', 'unavailable'),
  'certificates cannot be fetched': outage('authority.get', 'denied'),
  'no command can be sent': outage('commands.send', 'denied'),
  'no result can be read': outage('commands.result', 'unavailable'),
  'no mail can be sent': (world) => {
    world.hosts.host(HOST).trouble = () => ({ reason: 'SpaceShort', message: 'no space' });
    outage('notices.publish', 'denied')(world);
  },
};

function outage(name: string, mode: Mode): (world: World) => void {
  return (world) => {
    world.faults.plan = (call) => (call.name === name ? mode : undefined);
  };
}

const BUSIEST = ['the CA does not answer', 'certificates cannot be fetched'];

describe.each(Object.entries(FOR_EVER))('%s, for months', (what, begin) => {
  const days = BUSIEST.includes(what) ? DAYS_OF_THE_BUSIEST : DAYS;

  it('costs a bounded number of calls and certificates, and ends by itself', async () => {
    const world = new World();
    world.enrol(HOST);
    begin(world);
    await world.run(days * DAY);
    expect(world.faults.calls.length).toBeLessThan(days * CALLS_PER_DAY);
    expect(issuances(world, HOST)).toBeLessThanOrEqual((days + 1) * world.policy.maxIssuancesPerHostPerDay);
    expect(world.notices.length).toBeLessThan(10);

    world.faults.plan = () => undefined;
    world.authority.state = 'active';
    Object.assign(world.hosts.host(HOST), { agent: 'online', trouble: () => undefined });
    await world.run(DAY + HOUR + 30 * MINUTE);
    expect(standing(world, HOST)).toBe('Ready');
    expectNothingBroken(world);
  });
});

describe('hosts that fail', () => {
  it('do not keep the others of their page from their turn', async () => {
    const world = new World();
    const others = ['mi-00000000000000001', 'mi-00000000000000002'];
    for (const id of [HOST, ...others]) {
      world.hosts.add(id);
      world.inventory.rows.set(id, { hostID: id });
    }
    const write = world.inventory.write.bind(world.inventory);
    world.inventory.write = (facts, change, now) =>
      facts.hostId === HOST
        ? Promise.reject(new CertvendError('Unavailable', 'this row cannot be written'))
        : write(facts, change, now);
    await world.invokeCheck();
    await world.run(MINUTE);
    expect(others.map((id) => standing(world, id))).toEqual(['Ready', 'Ready']);
    world.inventory.write = write;
    await world.run(HOUR);
    expect(standing(world, HOST)).toBe('Ready');
  });

  it('take nothing from the day of the others', async () => {
    const world = new World({ maxIssuancesPerFleetPerDay: 20 });
    for (let host = 0; host < 10; host += 1) {
      const id = `mi-000000000000001${String(host).padStart(2, '0')}`;
      world.enrol(id);
      world.hosts.host(id).trouble = () => ({ reason: 'SpaceShort', message: 'no space' });
    }
    await world.run(12 * HOUR);
    world.enrol(HOST);
    await world.run(10 * MINUTE);
    expect(standing(world, HOST)).toBe('Ready');
  });

  it('and others that succeed stop at the limit of the day, are told, and go on the next day', async () => {
    const world = new World({ maxIssuancesPerFleetPerDay: 3 });
    const ids = Array.from({ length: 5 }, (_, host) => `mi-0000000000000010${String(host)}`);
    for (const id of ids) {
      world.enrol(id);
      await world.run(5 * MINUTE);
    }
    expect(world.authority.issued).toHaveLength(3);
    await world.run(HOUR);
    expect(world.notices.map(({ body }) => body).join('\n')).toContain('FleetDailyLimit');
    await world.run(DAY);
    expect(ids.map((id) => standing(world, id))).toEqual(ids.map(() => 'Ready'));
  });
});

describe('a back-off', () => {
  it('is over at once when the administrator changes the row', async () => {
    const world = new World();
    world.enrol(HOST);
    world.hosts.host(HOST).trouble = () => ({ reason: 'OwnerUnknown', message: 'no such user' });
    await world.run(12 * HOUR);
    world.hosts.host(HOST).trouble = () => undefined;
    world.inventory.update(HOST, { owner: 'app' });
    await world.run(MINUTE);
    expect(standing(world, HOST)).toBe('Ready');
  });
});
