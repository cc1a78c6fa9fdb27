import { table } from '../terminal.ts';
import type { Fleet } from './fleet.ts';

export interface Summary {
  readonly seconds: number;
  readonly hosts: readonly {
    readonly host: string;
    readonly status: string;
    readonly serial: string;
    readonly expiry: string;
    readonly issuances: number;
  }[];
  readonly issuancesPerDeployment: number;
  /** AWS calls of the functions per deployed certificate, DynamoDB apart. */
  readonly callsPerRotation: number;
  readonly dynamodbWritesPerRotation: number;
}

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'];
/** Made by event source mappings with the role of their function, not by our code; AWS makes them whether or not there is work. */
const POLLING = [
  'ReceiveMessage',
  'DeleteMessage',
  'DeleteMessageBatch',
  'GetRecords',
  'GetShardIterator',
  'DescribeStream',
];

/** What the run cost, counted from the log of the local AWS. */
export async function summarize(fleet: Fleet, startedAt: number): Promise<Summary> {
  const ledger = await fleet.ledger();
  const deployed = ledger.filter(({ outcome }) => outcome === 'deployed' || outcome === 'superseded').length;
  const ours = (await fleet.aws.calls()).filter(
    ({ caller, operation }) => /:role\/certvend-/.test(caller) && !POLLING.includes(operation),
  );
  const writes = ours.filter(({ scope, operation }) => scope === 'dynamodb' && WRITES.includes(operation));
  const others = ours.filter(({ scope }) => scope !== 'dynamodb');
  const hosts = await Promise.all(
    fleet.nodes.map(async ({ id }) => {
      const { status, serial, expiry } = await fleet.row(id);
      return {
        host: id,
        status,
        serial,
        expiry,
        issuances: ledger.filter(({ hostID }) => hostID === id).length,
      };
    }),
  );
  return {
    seconds: Math.round((Date.now() - startedAt) / 100) / 10,
    hosts,
    issuancesPerDeployment: ratio(ledger.length, deployed),
    callsPerRotation: ratio(others.length, deployed),
    dynamodbWritesPerRotation: ratio(writes.length, deployed),
  };
}

export function summaryLines(summary: Summary): string[] {
  const rows = summary.hosts.map(({ host, status, serial, expiry, issuances }) => [
    host,
    status,
    serial,
    expiry,
    String(issuances),
  ]);
  return [
    ...table([['HOST', 'STATUS', 'SERIAL', 'EXPIRY (UTC)', 'ISSUANCES'], ...rows]),
    '',
    `issuances per deployed certificate  ${summary.issuancesPerDeployment.toFixed(2)}`,
    `AWS calls per rotation              ${summary.callsPerRotation.toFixed(1)} and ${summary.dynamodbWritesPerRotation.toFixed(1)} DynamoDB writes`,
    `time                                ${summary.seconds.toFixed(1)} s`,
  ];
}

function ratio(count: number, per: number): number {
  return Math.round((count / Math.max(1, per)) * 100) / 100;
}
