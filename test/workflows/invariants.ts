/** What must hold in every world, whatever failed in it. */
import { expect } from 'vitest';
import type { World } from '../ports/world.ts';

/** The host's certificate, as the row, the ledger and the host's disk have it, or why they differ. */
export function standing(world: World, hostId: string): string {
  const { status, statusReason, statusMessage, certificate, nextCheckAt } = world.row(hostId);
  const { current } = world.hosts.host(hostId).disks[0] ?? {};
  if (status !== 'Ready')
    return `${String(status)} (${String(statusReason)}: ${String(statusMessage)}), next ${String(nextCheckAt)}`;
  const inRow = world.inventory.facts(world.row(hostId)).certificate;
  if (inRow === undefined || current?.serial !== inRow.serial)
    return `Ready, but the host has ${current?.serial ?? 'nothing'} and the row ${JSON.stringify(certificate)}`;
  const entry = world.ledger.entries.get(inRow.arn);
  if (entry?.outcome !== 'deployed') return `Ready, but the ledger says ${entry?.outcome ?? 'nothing'}`;
  return inRow.notAfter > world.agenda.now() ? 'Ready' : 'Ready with an expired certificate';
}

export function expectNothingBroken(world: World): void {
  expect(world.mistakes).toEqual([]);
  for (const { name, hostId, parameters } of world.hosts.sent) {
    expect(parameters['HostId']).toBe(hostId);
    if (name === 'DeployCertificate')
      expect(Buffer.from(parameters['Certificate'] ?? '', 'base64').toString()).toContain(
        `"value":"${hostId}"`,
      );
  }
}

/** How many certificates the CA signed for a host. */
export function issuances(world: World, hostId: string): number {
  return world.authority.issued.filter(({ certificate }) => certificate.subject[0]?.value === hostId).length;
}

/** No certificate that exists is unknown, and for none it is left open what became of it. */
export function expectLedgerComplete(world: World): void {
  const outcomes = world.authority.issued.map(
    ({ arn }) => world.ledger.entries.get(arn)?.outcome ?? 'unknown',
  );
  expect(outcomes.filter((outcome) => !['deployed', 'superseded', 'orphaned'].includes(outcome))).toEqual([]);
  for (const id of world.inventory.rows.keys()) {
    const deployed = [...world.ledger.entries.values()].filter(
      ({ hostId, outcome }) => hostId === id && outcome === 'deployed',
    );
    expect(deployed.length).toBeLessThanOrEqual(1);
  }
}
