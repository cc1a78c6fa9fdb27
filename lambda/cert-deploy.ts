/** CertDeploy: the deployment queue. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { deploy } from '../src/workflows/deploy.ts';
import { attemptPorts, sessionTarget, settingsFromEnvironment, systemClock } from './runtime.ts';
import { workBatch } from './work-batch.ts';

const settings = settingsFromEnvironment();
const ports = attemptPorts(settings);
const target = sessionTarget(settings);

export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const now = systemClock.now();
  return workBatch(event, (item, redelivered) =>
    deploy(item, { ports, policy: settings.policy, now, redelivered, target }),
  );
}
