/** `node bench/fleet.ts [hosts]`: a whole fleet enrolled and then rotated end to end, with the real scripts on every host. */
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countCalls } from '../cli/demo/counting.ts';
import { Fleet } from '../cli/demo/fleet.ts';
import type { HostRow } from '../cli/demo/fleet.ts';
import { synthesize } from '../cli/synthesize.ts';
import { explain, print } from '../cli/terminal.ts';
import { startLocalAws } from '../local-aws/index.ts';

export interface FleetNumbers {
  readonly hosts: number;
  readonly enrolSeconds: number;
  readonly rotateSeconds: number;
  /** Of the rotation. */
  readonly hostsPerSecond: number;
  /** AWS calls of the rotation for one host. */
  readonly callsPerHost: number;
  /** Largest resident set of the whole process: local AWS, functions and clients; the scripts of hosts are processes of their own. */
  readonly memoryMegabytes: number;
}

const DAY_MS = 86_400_000;
const POLL_MS = 1000;
const WAIT_MS = 30 * 60_000;

export async function measureFleet(hosts = 200): Promise<FleetNumbers> {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-bench-'));
  await synthesize(directory);
  const aws = await startLocalAws();
  let memory = 0;
  const sampling = setInterval(() => (memory = Math.max(memory, process.memoryUsage.rss())), 250);
  try {
    const { outputs } = await aws.deploy(directory);
    const fleet = new Fleet(aws, outputs, await aws.addNodes(hosts));
    const enrolSeconds = await timed(async () => {
      for (const { id } of fleet.nodes) await fleet.enrol(id);
      await until(fleet, 'enrolled', ({ status }) => status === 'Ready');
    });
    const before = new Set((await rows(fleet)).map(({ serial }) => serial));
    const from = (await aws.calls()).length;
    const rotateSeconds = await timed(async () => {
      await aws.advanceClock(5 * DAY_MS);
      await until(fleet, 'rotated', ({ status, serial }) => status === 'Ready' && !before.has(serial));
    });
    const { calls, dynamodbWrites } = countCalls((await aws.calls()).slice(from));
    const callsPerHost = (calls + dynamodbWrites) / hosts;
    const megabytes = memory / 1_000_000;
    return {
      ...{ hosts, enrolSeconds, rotateSeconds, callsPerHost, memoryMegabytes: megabytes },
      hostsPerSecond: hosts / rotateSeconds,
    };
  } finally {
    clearInterval(sampling);
    await aws.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function timed(run: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await run();
  return (performance.now() - begun) / 1000;
}

async function rows({ aws }: Fleet): Promise<HostRow[]> {
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
  const client = new DynamoDBClient({ endpoint: aws.endpoint, region: aws.region, credentials });
  const found: HostRow[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName: 'certificates' })) {
    // The columns of docs/compatibility.md; the benchmark only counts them.
    found.push(...Items.map((item) => unmarshall(item) as HostRow));
  }
  client.destroy();
  return found;
}

/** One scan a second, which costs little beside what is measured. */
async function until(fleet: Fleet, what: string, fits: (row: HostRow) => boolean): Promise<void> {
  const end = performance.now() + WAIT_MS;
  for (;;) {
    const present = await rows(fleet);
    const done = present.filter(fits).length;
    if (done >= fleet.nodes.length) return;
    if (performance.now() > end) {
      const open = present
        .filter((row) => !fits(row))
        .map((row) => `${row.hostID} ${row.status} ${row.statusReason}`);
      throw new Error(
        `only ${String(done)} of ${String(fleet.nodes.length)} hosts were ${what}: ${open.join(', ')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const hosts = Number(process.argv[2] ?? '200');
  if (!Number.isInteger(hosts) || hosts < 1 || hosts > 1000) {
    explain(`hosts is ${JSON.stringify(process.argv[2])}; allowed: 1 to 1000`);
    process.exit(1);
  }
  const numbers = await measureFleet(hosts);
  print(`${String(hosts)} hosts, ${String(availableParallelism())} cores, Node.js ${process.versions.node}`);
  print(
    `enrolled  ${numbers.enrolSeconds.toFixed(0)} s = ${(hosts / numbers.enrolSeconds).toFixed(1)} hosts/s`,
  );
  print(
    `rotated   ${numbers.rotateSeconds.toFixed(0)} s = ${numbers.hostsPerSecond.toFixed(1)} hosts/s, ${numbers.callsPerHost.toFixed(1)} AWS calls per host`,
  );
  print(
    `memory    ${numbers.memoryMegabytes.toFixed(0)} MB at most (local AWS, functions and clients together)`,
  );
}
