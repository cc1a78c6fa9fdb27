/** What our functions called, from the log of the local AWS: the same for the demo and for the benchmark. */
import type { RecordedCall } from '../../local-aws/index.ts';

export interface Counts {
  /** All but DynamoDB. */
  readonly calls: number;
  readonly dynamodbWrites: number;
  readonly byOperation: Readonly<Record<string, number>>;
}

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'];
/** The roles of the three functions that a rotation runs through; schedules and CRLs are nobody's rotation. */
const ROTATING = /:role\/certvend-CertVendFunctionsCert(Check|Issue|Deploy)/;
/** Made by event source mappings with the role of their function, not by our code; AWS makes them whether or not there is work. */
const POLLING = [
  'ReceiveMessage',
  'DeleteMessage',
  'DeleteMessageBatch',
  'GetRecords',
  'GetShardIterator',
  'DescribeStream',
];

export function countCalls(calls: readonly RecordedCall[]): Counts {
  const ours = calls.filter(({ caller, operation }) => ROTATING.test(caller) && !POLLING.includes(operation));
  const byOperation: Record<string, number> = {};
  for (const { scope, operation } of ours) {
    const name = `${scope}:${operation}`;
    byOperation[name] = (byOperation[name] ?? 0) + 1;
  }
  return {
    calls: ours.filter(({ scope }) => scope !== 'dynamodb').length,
    dynamodbWrites: ours.filter(({ scope, operation }) => scope === 'dynamodb' && WRITES.includes(operation))
      .length,
    byOperation,
  };
}
