/** CertIssue: the issuance queue. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { issue } from '../src/workflows/issue.ts';
import { attemptPorts, settingsFromEnvironment, systemClock } from './runtime.ts';
import { workBatch } from './work-batch.ts';

const settings = settingsFromEnvironment();
const ports = attemptPorts(settings);

export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const now = systemClock.now();
  return workBatch(event, async (item, redelivered) => {
    if (item.kind !== 'certificateIssued')
      await issue(item, { ports, policy: settings.policy, now, redelivered });
  });
}
