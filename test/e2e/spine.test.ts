import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { summarize } from '../../cli/demo/summary.ts';
import { failing, ready, startFleet } from './fleet.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('the life of a certificate', () => {
  let fleet: Fleet;
  let ids: string[];

  beforeAll(async () => {
    fleet = await startFleet(3);
    ids = fleet.nodes.map(({ id }) => id);
    await Promise.all(ids.map((id) => fleet.enrol(id)));
    await fleet.until('the first certificate', ids, ready);
  });
  afterAll(() => fleet.aws.close());

  const node = (index: number): Fleet['nodes'][number] => {
    const found = fleet.nodes[index];
    if (found === undefined) throw new Error(`there is no node ${String(index)}`);
    return found;
  };
  const keyHash = (index: number): string =>
    createHash('sha256')
      .update(readFileSync(fleet.file(node(index), `${node(index).id}.key`)))
      .digest('hex');

  it('begins with a row that holds only its host id, and ends in credentials', async () => {
    const { identity } = await fleet.earnCredentials(node(0));
    expect(identity).toMatch(/:assumed-role\/IAMRA-Role\//);
  });

  it('writes expiry and serial as the post did', async () => {
    const { expiry, serial } = await fleet.row(node(0).id);
    expect(expiry).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(serial).toMatch(/^([0-9A-F]{2})+$/);
  });

  it('is renewed with a new key when expiry is removed', async () => {
    const [before, keyBefore] = [await fleet.row(node(0).id), keyHash(0)];
    await fleet.removeExpiry(node(0).id);
    const [after] = await fleet.until(
      'the rotation',
      [node(0).id],
      (row) => ready(row) && row.serial !== before.serial,
    );
    expect(after?.serial).not.toBe(before.serial);
    expect(keyHash(0)).not.toBe(keyBefore);
  });

  it('stays as it is when its proof fails, and the next try deploys the same new certificate', async () => {
    const [before, keyBefore] = [await fleet.row(node(1).id), keyHash(1)];
    await fleet.aws.control('POST /_local/nodes/state', { id: node(1).id, failProof: 1 });
    await fleet.removeExpiry(node(1).id);
    const [failed] = await fleet.until('the failure', [node(1).id], failing);
    expect(failed).toMatchObject({ serial: before.serial, statusReason: 'SessionRefused' });
    expect(keyHash(1)).toBe(keyBefore);
    const issued = (await fleet.ledger()).filter(
      ({ hostID, outcome }) => hostID === node(1).id && outcome === 'issued',
    );
    expect(issued).toHaveLength(1);
    await fleet.aws.advanceClock(16 * MINUTE_MS);
    const [after] = await fleet.until(
      'the second try',
      [node(1).id],
      (row) => ready(row) && row.serial !== before.serial,
    );
    expect(after?.serial).toBe(issued[0]?.serial);
  });

  it('survives a failed command on the host', async () => {
    await fleet.aws.control('POST /_local/nodes/state', { id: node(2).id, diskFull: true });
    await fleet.removeExpiry(node(2).id);
    const [failed] = await fleet.until('the failure', [node(2).id], failing);
    expect(failed?.statusMessage).not.toBe('');
    await fleet.aws.control('POST /_local/nodes/state', { id: node(2).id, diskFull: false });
    await fleet.aws.advanceClock(16 * MINUTE_MS);
    await fleet.until('the recovery', [node(2).id], ready);
  });

  it('goes on by itself when every event is lost', async () => {
    await fleet.aws.control('POST /_local/events/faults', { drop: ['aws.ssm', 'aws.acm-pca'] });
    const before = await fleet.row(node(0).id);
    await fleet.removeExpiry(node(0).id);
    for (let minutes = 0; minutes < 10; minutes += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await fleet.aws.advanceClock(2 * MINUTE_MS);
      const row = await fleet.row(node(0).id);
      if (ready(row) && row.serial !== before.serial) break;
    }
    await fleet.aws.control('POST /_local/events/faults', {});
    expect((await fleet.row(node(0).id)).serial).not.toBe(before.serial);
  });

  it('is renewed in time, for the whole fleet', async () => {
    const before = new Set(await Promise.all(ids.map(async (id) => (await fleet.row(id)).serial)));
    await fleet.aws.advanceClock(5 * DAY_MS);
    const rows = await fleet.until('the renewal', ids, (row) => ready(row) && !before.has(row.serial));
    expect(rows).toHaveLength(3);
  });

  it('costs one issuance for each deployed certificate', async () => {
    expect((await summarize(fleet, 0)).issuancesPerDeployment).toBe(1);
  });
});
