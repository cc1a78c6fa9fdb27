/** CertCheck-Trigger: the stream of the inventory, the schedules, and an administrator's invoke. */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Context, DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import { readRow } from '../src/aws/inventory-row.ts';
import type { HostFacts } from '../src/core/facts.ts';
import { checkDue, checkHosts, reconcile, rowsDeleted } from '../src/workflows/check.ts';
import type { CheckRun, CheckSummary } from '../src/workflows/check.ts';
import { isOwnWrite } from './events.ts';
import { checkPorts, settingsFromEnvironment, systemClock } from './runtime.ts';
import { flushMetrics } from './telemetry.ts';

const settings = settingsFromEnvironment();
const ports = checkPorts(settings);
/** A run stops reading pages when less than this is left of the function's time. */
const RESERVE_MS = 10_000;

export async function handler(event: unknown, context: Context): Promise<object> {
  const hasTime = (): boolean => context.getRemainingTimeInMillis() > RESERVE_MS;
  const run: CheckRun = { ports, policy: settings.policy, now: systemClock.now(), hasTime };
  try {
    const records = streamRecords(event);
    if (records !== undefined) return await checkRecords(records, run);
    const tick =
      typeof event === 'object' && event !== null && 'certvend' in event && event.certvend === 'tick';
    return readable(tick ? await checkDue(run) : await reconcile(run));
  } finally {
    flushMetrics();
  }
}

function streamRecords(event: unknown): DynamoDBRecord[] | undefined {
  if (typeof event !== 'object' || event === null || !('Records' in event) || !Array.isArray(event.Records))
    return undefined;
  // Only the event source mapping of the stream sends Records.
  return event.Records as DynamoDBRecord[];
}

async function checkRecords(
  records: readonly DynamoDBRecord[],
  run: CheckRun,
): Promise<DynamoDBBatchResponse> {
  const foreign = records.filter((record) => !isOwnWrite(record));
  const deleted = foreign
    .filter(({ eventName }) => eventName === 'REMOVE')
    .flatMap(({ dynamodb }) => factsOf(dynamodb?.OldImage));
  if (deleted.length > 0) await rowsDeleted(deleted, run.ports, run.now);
  // The last image of a host in the batch is the one that counts.
  const latest = new Map(
    foreign
      .filter(({ eventName }) => eventName !== 'REMOVE')
      .flatMap(({ dynamodb }) => factsOf(dynamodb?.NewImage))
      .map((facts) => [facts.hostId, facts]),
  );
  if (latest.size > 0) await checkHosts([...latest.values()], run);
  return { batchItemFailures: [] };
}

function factsOf(image: NonNullable<DynamoDBRecord['dynamodb']>['NewImage']): HostFacts[] {
  // The stream and the table speak the same attribute values; only the two packages' types differ.
  return image === undefined
    ? []
    : [
        readRow(
          unmarshall(image as Record<string, AttributeValue>),
          settings.hostDefaults,
          settings.certificateAuthorityArn,
        ),
      ];
}

function readable(summary: CheckSummary): object {
  const { hosts, started, resumed, redeployed, running, waiting, backingOff, held, unreachable, complete } =
    summary;
  const parts = [
    `${String(hosts)} hosts looked at`,
    `${String(started)} certificates started`,
    ...(resumed > 0 ? [`${String(resumed)} attempts resumed`] : []),
    ...(redeployed > 0 ? [`${String(redeployed)} certificates deployed again`] : []),
    ...(running > 0 ? [`${String(running)} under way`] : []),
    `${String(waiting)} need nothing`,
    ...(backingOff > 0 ? [`${String(backingOff)} wait after a failure`] : []),
    ...(held > 0 ? [`${String(held)} held (disabled, revoked or invalid row)`] : []),
    ...(unreachable > 0 ? [`${String(unreachable)} cannot be reached`] : []),
  ];
  return {
    message: `${parts.join(', ')}${complete ? '' : '; time ran out, the next tick goes on'}.`,
    ...summary,
  };
}
