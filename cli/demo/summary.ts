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
  /** AWS calls of the functions for each host in the renewal of the whole fleet, DynamoDB apart. */
  readonly callsPerRotation: number;
  readonly dynamodbWritesPerRotation: number;
}

/** What the run cost, counted from the log of the local AWS. */
export async function summarize(fleet: Fleet, startedAt: number): Promise<Summary> {
  const ledger = await fleet.ledger();
  const deployed = ledger.filter(({ outcome }) => outcome === 'deployed' || outcome === 'superseded').length;
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
    callsPerRotation: ratio(fleet.renewal.calls, fleet.nodes.length),
    dynamodbWritesPerRotation: ratio(fleet.renewal.dynamodbWrites, fleet.nodes.length),
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
