import { beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { HOST } from '../builders/facts.ts';
import { newDisk } from '../ports/machine.ts';
import { World } from '../ports/world.ts';
import { expectLedgerComplete, expectNothingBroken, issuances, standing } from './invariants.ts';

const OTHER = 'mi-00000000000000001';
const BACK = 8 * HOUR + 30 * MINUTE;

let world: World;
beforeEach(() => {
  world = new World();
  world.enrol(HOST);
  world.enrol(OTHER);
});

/** Also while the next try is under way. */
const reasonOf = (id: string): string | undefined => world.inventory.facts(world.row(id)).failure?.reason;

describe('a host that is away', () => {
  it('gets no command while it is offline, and its certificate when it is back', async () => {
    await world.run(HOUR);
    world.hosts.host(HOST).agent = 'offline';
    const sent = world.hosts.sent.length;
    await world.run(6 * DAY);
    expect(world.hosts.sent.filter(({ hostId }) => hostId === HOST).length).toBe(sent / 2);
    expect(reasonOf(HOST)).toBe('AgentOffline');
    world.hosts.host(HOST).agent = 'online';
    await world.run(BACK);
    expect(standing(world, HOST)).toBe('Ready');
    expect(issuances(world, HOST)).toBe(2);
    expect(standing(world, OTHER)).toBe('Ready');
  });

  it('recovers within the hour when its certificate expired meanwhile', async () => {
    await world.run(HOUR);
    world.hosts.host(HOST).agent = 'offline';
    await world.run(20 * DAY);
    expect(world.row(HOST)['status']).toBe('Expired');
    world.hosts.host(HOST).agent = 'online';
    await world.run(HOUR + 30 * MINUTE);
    expect(standing(world, HOST)).toBe('Ready');
    expect(issuances(world, HOST)).toBe(2);
  });

  it('is told once, urgently, and once more when its certificate runs out', async () => {
    await world.run(HOUR);
    world.hosts.host(HOST).agent = 'offline';
    await world.run(20 * DAY);
    const told = world.notices.filter(({ body }) => body.includes(HOST));
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(3);
  });

  it('does not spoil the others of its batch when nobody knows it', async () => {
    world.hosts.host(HOST).agent = 'unknown';
    await world.run(HOUR);
    expect(reasonOf(HOST)).toBe('HostUnknown');
    expect(standing(world, OTHER)).toBe('Ready');
  });

  it.each(['csr', 'issuing', 'deploying'])(
    'keeps what it has when it goes at stage %s, and gets no second certificate for it',
    async (stage) => {
      for (
        let seconds = 0;
        seconds < 60 && world.inventory.facts(world.row(HOST)).attempt?.stage !== stage;
        seconds += 1
      )
        await world.run(1);
      world.hosts.host(HOST).agent = 'offline';
      await world.run(2 * DAY);
      expect(world.row(HOST)['status']).toBe('Failing');
      world.hosts.host(HOST).agent = 'online';
      await world.run(BACK);
      expect(standing(world, HOST)).toBe('Ready');
      expect(issuances(world, HOST)).toBe(1);
      expectLedgerComplete(world);
    },
  );
});

describe('a host in trouble', () => {
  it('may be slow', async () => {
    world.hosts.host(HOST).delaySeconds = 4 * MINUTE;
    await world.run(15 * MINUTE);
    expect(standing(world, HOST)).toBe('Ready');
  });

  it('that hangs is told, tried again, and recovers', async () => {
    world.hosts.host(HOST).trouble = () => 'hangs';
    await world.run(HOUR);
    expect(reasonOf(HOST)).toBe('CommandTimedOut');
    world.hosts.host(HOST).trouble = () => undefined;
    await world.run(BACK);
    expect(standing(world, HOST)).toBe('Ready');
  });

  it.each(['ClockWrong', 'SpaceShort', 'HelperMissing', 'DirectoryUnsafe'])(
    'that reports %s before it makes a key costs no certificate, however long',
    async (reason) => {
      world.hosts.host(HOST).trouble = () => ({ reason, message: 'what was found' });
      await world.run(10 * DAY);
      expect(reasonOf(HOST)).toBe(reason);
      expect(issuances(world, HOST)).toBe(0);
      world.hosts.host(HOST).trouble = () => undefined;
      await world.run(HOUR + 15 * MINUTE);
      expect(standing(world, HOST)).toBe('Ready');
      expect(issuances(world, HOST)).toBe(1);
    },
  );

  it.each(['SessionRefused', 'SessionTimedOut', 'HelperMissing', 'SpaceShort', 'ClockWrong'])(
    'that reports %s at the proof gets the same certificate again until it fits',
    async (reason) => {
      world.hosts.host(HOST).trouble = (name) =>
        name === 'GenerateCsr' ? undefined : { reason, message: 'what was found' };
      await world.run(DAY);
      expect(reasonOf(HOST)).toBe(reason);
      world.hosts.host(HOST).trouble = () => undefined;
      await world.run(HOUR + 15 * MINUTE);
      expect(standing(world, HOST)).toBe('Ready');
      expect(issuances(world, HOST)).toBe(1);
    },
  );

  it('in its emergency window is tried at every tick, and is not out of tries when it is well again', async () => {
    await world.run(HOUR);
    world.hosts.host(HOST).trouble = () => ({ reason: 'SpaceShort', message: 'no space' });
    const end = world.inventory.facts(world.row(HOST)).certificate?.notAfter ?? 0;
    await world.run(end - world.agenda.now() - HOUR);
    world.hosts.host(HOST).trouble = () => undefined;
    await world.run(31 * MINUTE);
    expect(standing(world, HOST)).toBe('Ready');
  });

  it('whose unit cannot be reloaded is reloaded again, without a new certificate', async () => {
    await world.run(HOUR);
    world.hosts.reloadFails = true;
    world.inventory.update(HOST, { reloadUnit: 'app.service' });
    await world.run(3 * HOUR);
    expect(reasonOf(HOST)).toBe('ReloadFailed');
    const tries = world.hosts.sent.length;
    world.hosts.reloadFails = false;
    await world.run(3 * HOUR);
    expect(world.hosts.sent.length).toBeGreaterThan(tries);
    expect(standing(world, HOST)).toBe('Ready');
    expect(issuances(world, HOST)).toBe(1);
  });

  it('that has a proxy is told so', async () => {
    world.defaults = { ...world.defaults, withProxy: true };
    await world.run(HOUR);
    const { parameters } = world.hosts.sent.findLast(({ name }) => name === 'DeployCertificate') ?? {};
    expect(parameters).toMatchObject({ WithProxy: 'true' });
  });
});

describe('a host that is not the one it was', () => {
  it('reimaged under the same id gets a new certificate when expiry is removed', async () => {
    await world.run(HOUR);
    world.hosts.host(HOST).disks = [newDisk()];
    world.inventory.update(HOST, {}, ['expiry']);
    await world.run(HOUR);
    expect(standing(world, HOST)).toBe('Ready');
    expect(issuances(world, HOST)).toBe(2);
  });

  it('reimaged between key and certificate loses that certificate, and gets another', async () => {
    world.authority.signingSeconds = MINUTE;
    await world.run(30);
    world.hosts.host(HOST).disks = [newDisk()];
    await world.run(2 * MINUTE);
    expect(reasonOf(HOST)).toBe('KeyMissing');
    await world.run(HOUR);
    expect(standing(world, HOST)).toBe('Ready');
    expect(issuances(world, HOST)).toBe(2);
    expectLedgerComplete(world);
  });

  it('reimaged under a new id is a new host, and the old row says that nobody knows it', async () => {
    await world.run(HOUR);
    world.hosts.host(HOST).agent = 'unknown';
    world.enrol('mi-00000000000000002');
    await world.run(6 * DAY);
    expect(standing(world, 'mi-00000000000000002')).toBe('Ready');
    expect(reasonOf(HOST)).toBe('HostUnknown');
  });

  it('cloned, both machines answering by turns, is noticed, told, and costs a bounded number of certificates', async () => {
    world.hosts.host(HOST).disks = [newDisk(), newDisk()];
    await world.run(DAY);
    expect(reasonOf(HOST)).toBe('HostCloned');
    expect(world.notices.map(({ body }) => body).join('\n')).toMatch(
      /HostCloned: .*\n.*to do: .*copy of this machine/,
    );
    // A day from here touches two UTC days.
    expect(issuances(world, HOST)).toBeLessThanOrEqual(2 * world.policy.maxIssuancesPerHostPerDay);
    world.hosts.host(HOST).disks = [newDisk()];
    await world.run(DAY);
    expect(standing(world, HOST)).toBe('Ready');
  });

  it('cloned, both machines answering the same request, is noticed by the two keys', async () => {
    world.hosts.host(HOST).disks = [newDisk(), newDisk()];
    const begun = world.agenda.now();
    // The answer of the CA is lost until its token is forgotten, so that the host is asked once more.
    world.faults.plan = ({ name, at }) =>
      name === 'authority.issue' && at < begun + 20 * MINUTE ? 'unavailable' : undefined;
    world.hosts.invisibleSeconds = 0;
    await world.run(2 * MINUTE);
    world.hosts.sent.length = 0;
    await world.run(HOUR);
    expect(world.notices.map(({ body }) => body).join('\n')).toContain('two different keys');
    expectNothingBroken(world);
  });
});

describe('the others', () => {
  it('are Ready whatever happens to one', async () => {
    world.hosts.host(HOST).trouble = () => ({ reason: 'SpaceShort', message: 'no space' });
    await world.run(20 * DAY);
    expect(standing(world, OTHER)).toBe('Ready');
    expectNothingBroken(world);
  });
});
