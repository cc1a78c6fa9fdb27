/** What a rotation costs, counted on the local AWS with the real template, bundles and host scripts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countCalls } from '../cli/demo/counting.ts';
import type { Counts } from '../cli/demo/counting.ts';
import { Fleet } from '../cli/demo/fleet.ts';
import { synthesize } from '../cli/synthesize.ts';
import { startLocalAws } from '../local-aws/index.ts';

const HOSTS = 5;
const HOUR_MS = 3_600_000;

export interface RotationCost {
  readonly enrolMedianSeconds: number;
  /** Renewal of 5 hosts that fall due together, per host. */
  readonly fleet: Counts;
  /** Rotation of one host alone. */
  readonly single: Counts;
  readonly issuancesPerDeployed: number;
}

export async function measureRotation(): Promise<RotationCost> {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-bench-'));
  await synthesize(directory);
  const aws = await startLocalAws();
  try {
    const { outputs } = await aws.deploy(directory);
    const fleet = new Fleet(aws, outputs, await aws.addNodes(HOSTS));
    const ids = fleet.nodes.map(({ id }) => id);
    const enrolMedianSeconds = await enrolMedian(fleet, ids);
    await fleet.fourDaysPass();
    const fleetRenewal = await counted(fleet, ids, () => aws.advanceClock(17 * HOUR_MS));
    const [first = ''] = ids;
    const single = await counted(fleet, [first], () => fleet.removeExpiry(first));
    const ledger = await fleet.ledger();
    const deployed = ledger.filter(({ outcome }) => outcome !== 'issued' && outcome !== 'orphaned').length;
    return {
      enrolMedianSeconds,
      fleet: perHost(fleetRenewal),
      single,
      issuancesPerDeployed: ledger.length / deployed,
    };
  } finally {
    await aws.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function enrolMedian(fleet: Fleet, ids: readonly string[]): Promise<number> {
  const times = await Promise.all(
    ids.map(async (id) => {
      const begun = performance.now();
      await fleet.enrol(id);
      await fleet.until('the first certificate', [id], ({ status }) => status === 'Ready');
      return (performance.now() - begun) / 1000;
    }),
  );
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

async function counted(fleet: Fleet, ids: readonly string[], trigger: () => Promise<void>): Promise<Counts> {
  const before = new Set(await Promise.all(ids.map(async (id) => (await fleet.row(id)).serial)));
  const from = (await fleet.aws.calls()).length;
  await trigger();
  await fleet.until('the rotation', ids, (row) => row.status === 'Ready' && !before.has(row.serial));
  return countCalls((await fleet.aws.calls()).slice(from));
}

function perHost({ calls, dynamodbWrites, byOperation }: Counts): Counts {
  const scaled = Object.entries(byOperation).map(([name, count]) => [name, count / HOSTS] as const);
  return {
    calls: calls / HOSTS,
    dynamodbWrites: dynamodbWrites / HOSTS,
    byOperation: Object.fromEntries(scaled),
  };
}
