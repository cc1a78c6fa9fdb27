/** CRLProcessor: a CRL object was written, the CA says that a certificate was revoked, or it is time for the daily look. */
import { processCrl, processRevocation } from '../src/workflows/process-crl.ts';
import type { CrlRun } from '../src/workflows/process-crl.ts';
import { crlEvent } from './events.ts';
import { crlPorts, settingsFromEnvironment, systemClock } from './runtime.ts';
import { flushMetrics } from './telemetry.ts';

const settings = settingsFromEnvironment();
const ports = crlPorts(settings);

export async function handler(event: unknown): Promise<void> {
  const { certificateAuthorityArn, trustAnchorArn } = settings;
  const run: CrlRun = { ports, certificateAuthorityArn, trustAnchorArn, now: systemClock.now() };
  try {
    const read = crlEvent(event);
    if ('bucket' in read) await processCrl(read.bucket, read.key, run);
    else await processRevocation(read.revokedArn, run);
  } finally {
    flushMetrics();
  }
}
