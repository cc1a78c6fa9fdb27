/** Logs and metrics of the functions, by Powertools: JSON lines and embedded metrics, flushed at the end of each run. Namespace and service come from POWERTOOLS_*, which the stack sets. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Telemetry } from '../src/ports/telemetry.ts';

const logger = new Logger();
const metrics = new Metrics();

export const telemetry: Telemetry = {
  info: (message, fields = {}) => {
    logger.info(message, { ...fields });
  },
  warn: (message, fields = {}) => {
    logger.warn(message, { ...fields });
  },
  count: (metric, value = 1) => {
    metrics.addMetric(metric, MetricUnit.Count, value);
  },
  gauge: (metric, value) => {
    metrics.addMetric(metric, MetricUnit.Count, value);
  },
};

/** Logs an error that a run could not handle; the message of ours is safe, a foreign one is cut. */
export function logError(message: string, error: unknown): void {
  logger.error(message, {
    error:
      error instanceof Error
        ? { name: error.name, message: error.message.slice(0, 500), stack: error.stack }
        : String(error),
  });
}

export function flushMetrics(): void {
  // Without this it warns of every run that had nothing to count.
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}
