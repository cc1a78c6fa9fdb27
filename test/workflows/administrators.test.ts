/** Whatever an administrator does to a row, at whatever second of an attempt. */
import { describe, expect, it } from 'vitest';
import { deploymentHash, requestHash } from '../../src/core/hashes.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { DEFAULTS, HOST } from '../builders/facts.ts';
import { World } from '../ports/world.ts';
import { expectLedgerComplete, expectNothingBroken, issuances, standing } from './invariants.ts';

/** A first certificate takes 12 seconds in this world; the last ones see a finished attempt. */
const SECONDS = Array.from({ length: 16 }, (_, second) => second);
/** What a host may be kept waiting after a disturbance: the longest back-off without a certificate and two ticks. */
const RECOVERY = HOUR + 30 * MINUTE;

interface Case {
  readonly world: World;
  /** Whether the first certificate was in use when the administrator acted. */
  readonly wasReady: boolean;
  readonly issuedBefore: number;
}

/** Enrols a host and lets the administrator act at that second. */
async function at(second: number, act: (world: World) => void | Promise<void>): Promise<Case> {
  const world = new World();
  world.enrol(HOST);
  await world.run(second);
  const wasReady = world.row(HOST)['status'] === 'Ready';
  const issuedBefore = issuances(world, HOST);
  await act(world);
  return { world, wasReady, issuedBefore };
}

/** All seconds; what is wrong is listed with its second. */
async function atEverySecond(
  act: (world: World) => void | Promise<void>,
  judge: (found: Case) => Promise<string>,
): Promise<void> {
  const wrong: string[] = [];
  let [running, ready] = [0, 0];
  for (const second of SECONDS) {
    const found = await at(second, act);
    if (found.wasReady) ready += 1;
    else running += 1;
    const problem = await judge(found);
    if (problem !== '') wrong.push(`second ${String(second)}: ${problem}`);
    expectNothingBroken(found.world);
  }
  expect(wrong).toEqual([]);
  // The seconds cover all stages and what follows.
  expect(running).toBeGreaterThan(8);
  expect(ready).toBeGreaterThan(1);
}

function stageIn(world: World): string {
  return world.inventory.facts(world.row(HOST)).attempt?.stage ?? 'none';
}

async function readyWith(world: World, certificates: number, within = RECOVERY): Promise<string> {
  await world.run(within);
  expectLedgerComplete(world);
  const state = standing(world, HOST);
  if (state !== 'Ready') return state;
  const count = issuances(world, HOST);
  return count === certificates ? '' : `${String(count)} certificates instead of ${String(certificates)}`;
}

/** What is deployed is what the row and the settings ask for now. */
function upToDate(world: World): string {
  const { certificate, request, deployment } = world.inventory.facts(world.row(HOST));
  if (certificate?.requestHash !== requestHash(request)) return 'another certificate than is asked for';
  return certificate.deploymentHash === deploymentHash(deployment) ? '' : 'deployed elsewhere';
}

describe('a row that is overwritten by a bare put-item', () => {
  it('costs no second certificate while the first is on its way, and asks for one when it was in use', () =>
    atEverySecond(
      (world) => {
        world.inventory.put({ hostID: HOST });
      },
      ({ world, wasReady }) => readyWith(world, wasReady ? 2 : 1),
    ));

  it('still counts towards the daily limit of the host', async () => {
    const world = new World();
    world.enrol(HOST);
    for (let times = 0; times < 20; times += 1) {
      await world.run(5 * MINUTE);
      world.inventory.put({ hostID: HOST });
    }
    await world.run(HOUR);
    expect(issuances(world, HOST)).toBeLessThanOrEqual(world.policy.maxIssuancesPerHostPerDay);
  });
});

describe('a row that is deleted', () => {
  it('stays away, and no certificate is left without a trace', () =>
    atEverySecond(
      (world) => {
        world.inventory.delete(HOST);
      },
      async ({ world }) => {
        await world.run(RECOVERY);
        const outcomes = world.authority.issued.map(({ arn }) => world.ledger.entries.get(arn)?.outcome);
        if (world.inventory.rows.has(HOST)) return 'the row is back';
        return outcomes.every((outcome) => outcome === 'orphaned')
          ? ''
          : `the ledger says ${outcomes.join()}`;
      },
    ));

  it('stays away also when every event is lost', () =>
    atEverySecond(
      (world) => {
        world.eventDelays = () => [];
        world.inventory.delete(HOST);
      },
      async ({ world }) => {
        // The record of the stream is enough; the self-check of the attempt comes later.
        await world.run(30);
        const outcomes = world.authority.issued.map(({ arn }) => world.ledger.entries.get(arn)?.outcome);
        return outcomes.every((outcome) => outcome === 'orphaned')
          ? ''
          : `the ledger says ${outcomes.join()}`;
      },
    ));

  it('even if the check that sees it fails, and every event is lost', () =>
    atEverySecond(
      (world) => {
        world.eventDelays = () => [];
        const end = world.agenda.now() + 30;
        world.faults.plan = ({ name, at: now }) =>
          now < end && (name === 'ledger.ofHost' || name === 'ledger.note') ? 'unavailable' : undefined;
        world.inventory.delete(HOST);
      },
      async ({ world, wasReady }) => {
        await world.run(RECOVERY);
        const outcomes = world.authority.issued.map(({ arn }) => world.ledger.entries.get(arn)?.outcome);
        // What was in use is told by the stream's record alone, which is kept for a person (lib/triggers.ts).
        if (wasReady || outcomes.every((outcome) => outcome === 'orphaned')) return '';
        return `the ledger says ${outcomes.join()}`;
      },
    ));

  it.each([0, 1, 4, 30])('and re-created after %i s gets one certificate into use', (pause) =>
    atEverySecond(
      async (world) => {
        world.inventory.delete(HOST);
        await world.run(pause);
        world.inventory.put({ hostID: HOST });
      },
      async ({ world }) => {
        await world.run(RECOVERY);
        expectLedgerComplete(world);
        if (standing(world, HOST) !== 'Ready') return standing(world, HOST);
        return issuances(world, HOST) <= 2 ? '' : `${String(issuances(world, HOST))} certificates`;
      },
    ),
  );
});

describe('a row that is edited', () => {
  it('to another directory: the certificate ends up there, within two ticks, and is still the first', () =>
    atEverySecond(
      (world) => {
        world.inventory.update(HOST, { certPath: '/srv/tls' });
      },
      async ({ world }) => (await readyWith(world, 1, 31 * MINUTE)) || upToDate(world),
    ));

  it('to another key algorithm: nothing of the old request is deployed as the new one', () =>
    atEverySecond(
      (world) => {
        world.inventory.update(HOST, { keyAlgorithm: 'RSA_4096' });
      },
      async ({ world }) => {
        const stage = stageIn(world);
        await world.run(2 * MINUTE);
        const csrs = world.hosts.sent.filter(({ name }) => name === 'GenerateCsr');
        const asked = csrs.at(-1)?.parameters['KeyAlgorithm'] === 'RSA_4096';
        // What is on the host already is waited for; everything else begins again at once.
        if (!asked && stage !== 'deploying') return `at stage ${stage}: not asked for within two minutes`;
        await world.run(RECOVERY);
        const later = world.hosts.sent.filter(({ name }) => name === 'GenerateCsr');
        return later.at(-1)?.parameters['KeyAlgorithm'] === 'RSA_4096'
          ? ''
          : 'never asked for the new algorithm';
      },
    ));

  it('to something invalid and back: waits, says why, and goes on with the certificate it had', () =>
    atEverySecond(
      async (world) => {
        world.inventory.update(HOST, { certPath: '$(reboot)' });
        await world.run(10 * MINUTE);
        expect(world.row(HOST)).toMatchObject({ status: 'Invalid', statusReason: 'InvalidRow' });
        world.inventory.update(HOST, {}, ['certPath']);
        await world.run(1);
        expect(world.row(HOST)['failure']).toBeUndefined();
      },
      ({ world }) => readyWith(world, 1),
    ));

  it('with expiry removed: the certificate that was in use is replaced', () =>
    atEverySecond(
      (world) => {
        world.inventory.update(HOST, {}, ['expiry']);
      },
      ({ world, wasReady }) => readyWith(world, wasReady ? 2 : 1),
    ));
});

describe('expiry removed while the same certificate is deployed again', () => {
  it.each(SECONDS.slice(0, 8))('at second %i still asks for a new one', async (second) => {
    const world = new World();
    world.enrol(HOST);
    await world.run(MINUTE);
    world.inventory.update(HOST, { certPath: '/srv/tls' });
    await world.run(second);
    world.inventory.update(HOST, {}, ['expiry']);
    expect(await readyWith(world, 2)).toBe('');
  });

  it('because its reload failed, too', async () => {
    const world = new World();
    world.hosts.add(HOST);
    world.inventory.put({ hostID: HOST, reloadUnit: 'app.service' });
    world.hosts.reloadFails = true;
    await world.run(MINUTE);
    expect(world.row(HOST)).toMatchObject({ status: 'Failing', statusReason: 'ReloadFailed' });
    world.inventory.update(HOST, {}, ['expiry']);
    await world.run(RECOVERY);
    expect(issuances(world, HOST)).toBe(2);
    world.hosts.reloadFails = false;
    expect(await readyWith(world, 2, DAY)).toBe('');
  });
});

describe('defaults that change while an attempt runs', () => {
  it('directories: the same certificate, in the new place within a day', () =>
    atEverySecond(
      (world) => {
        world.defaults = { ...DEFAULTS, certPath: '/srv/tls' };
      },
      async ({ world }) => (await readyWith(world, 1, 25 * HOUR)) || upToDate(world),
    ));

  it('key algorithm: no alarming failure, no mail', () =>
    atEverySecond(
      (world) => {
        world.defaults = { ...DEFAULTS, keyAlgorithm: 'RSA_4096' };
      },
      async ({ world, wasReady }) => {
        await world.run(wasReady ? 25 * HOUR : RECOVERY);
        const last = world.hosts.sent.findLast(({ name }) => name === 'GenerateCsr');
        if (last?.parameters['KeyAlgorithm'] !== 'RSA_4096') return 'never asked for the new algorithm';
        const told = world.notices.map(({ body }) => body).join('');
        return /stage|RSA_2048, not|differs/.test(told) && !/RSA_4096/.test(told) ? told : '';
      },
    ));
});

describe('CertCheck-Trigger, five times at once', () => {
  it('starts one attempt', () =>
    atEverySecond(
      async (world) => {
        await Promise.all(Array.from({ length: 5 }, () => world.invokeCheck()));
      },
      ({ world }) => readyWith(world, 1),
    ));

  it('starts one attempt after expiry was removed', async () => {
    const world = new World();
    world.enrol(HOST);
    await world.run(MINUTE);
    world.inventory.update(HOST, {}, ['expiry']);
    await Promise.all(Array.from({ length: 5 }, () => world.invokeCheck()));
    expect(await readyWith(world, 2)).toBe('');
  });
});

describe('a host that is disabled', () => {
  it('gets nothing new, and goes on when it is enabled', () =>
    atEverySecond(
      async (world) => {
        const stage = stageIn(world);
        world.inventory.update(HOST, { disabled: true });
        await world.run(2 * HOUR);
        expect(world.row(HOST)['status']).toBe('Disabled');
        if (stage === 'csr' || stage === 'issuing')
          expect(world.hosts.sent.filter(({ name }) => name === 'DeployCertificate')).toEqual([]);
        const sent = world.hosts.sent.length;
        await world.run(10 * DAY);
        expect(world.hosts.sent).toHaveLength(sent);
        world.inventory.update(HOST, {}, ['disabled']);
      },
      async ({ world }) => {
        await world.run(RECOVERY);
        expectLedgerComplete(world);
        return standing(world, HOST) === 'Ready' ? '' : standing(world, HOST);
      },
    ));
});

describe('a certificate that is revoked while its successor is on its way', () => {
  it.each(SECONDS)(
    'at second %i: the host is held, and what was asked for does not reach it',
    async (second) => {
      const world = new World();
      world.enrol(HOST);
      await world.run(MINUTE);
      // Removed and put back: a rotation begins, and the row is as it was.
      const { expiry } = world.row(HOST);
      world.inventory.update(HOST, {}, ['expiry']);
      world.inventory.update(HOST, { expiry });
      await world.run(second);
      const stage = stageIn(world);
      const facts = world.inventory.facts(world.row(HOST));
      await world.inventory.write(facts, { revokedAt: world.agenda.now() }, world.agenda.now());
      const deployed = world.hosts.sent.filter(({ name }) => name === 'DeployCertificate').length;
      await world.run(2 * HOUR);
      expectLedgerComplete(world);
      if (stage === 'deploying') return;
      expect(world.row(HOST)['status']).toBe('Revoked');
      expect(world.hosts.sent.filter(({ name }) => name === 'DeployCertificate')).toHaveLength(deployed);
    },
  );
});

describe('a row that nothing can be done for', () => {
  it('an EC2 instance: its row says so, the others go on', async () => {
    const world = new World();
    world.inventory.put({ hostID: 'i-0123456789abcdef0' });
    world.enrol(HOST);
    expect(await readyWith(world, 1)).toBe('');
    expect(world.row('i-0123456789abcdef0')).toMatchObject({
      status: 'Invalid',
      statusMessage: expect.stringContaining('an EC2 instance has an instance role') as string,
    });
    expect(world.hosts.sent.every(({ hostId }) => hostId === HOST)).toBe(true);
  });
});

describe('2,500 rows pasted at once', () => {
  it('all get one certificate, and those that cannot are told of', async () => {
    const world = new World();
    const ids = Array.from({ length: 2_500 }, (_, index) => `mi-${String(index).padStart(17, '0')}`);
    for (const [index, id] of ids.entries()) {
      if (index % 10 !== 0) world.hosts.add(id);
      world.inventory.put({ hostID: id });
    }
    await world.run(3 * HOUR);
    const known = ids.filter((_, index) => index % 10 !== 0);
    expect(world.notices.length).toBeGreaterThan(0);
    const states = new Set(
      known.map((id) => String(world.row(id)['status']) + String(world.row(id)['statusMessage'])),
    );
    expect([...states].slice(0, 5)).toEqual(['Ready']);
    expect(world.authority.issued).toHaveLength(known.length);
  });
});
