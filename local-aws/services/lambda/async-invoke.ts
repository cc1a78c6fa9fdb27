/** Asynchronous invocation: answered at once, retried on a function error, and what fails for good goes to its destination. */
import { randomUUID } from 'node:crypto';
import { LIMITS } from '../../limits.ts';
import type { JsonObject, Platform } from '../../platform.ts';
import { deliver } from '../events/target.ts';
import type { Outcome } from './environment.ts';
import type { LambdaFunction } from './function.ts';
import type { EventInvokeProperties } from './resources.ts';

export interface AsyncInvoker {
  configure(functionName: string, properties: EventInvokeProperties): void;
  enqueue(fn: () => LambdaFunction, payload: string): string;
  close(): void;
}

/** `retryDelayMs`: wait before the first retry; the second waits twice as long (one and two minutes in AWS). */
export function createAsyncInvoker(platform: Platform, retryDelayMs: number): AsyncInvoker {
  const configured = new Map<string, EventInvokeProperties>();
  const cancels = new Set<() => void>();
  let closed = false;

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = platform.clock.at(platform.clock.now() + ms, () => {
        cancels.delete(cancel);
        resolve();
      });
      cancels.add(cancel);
    });

  async function run(get: () => LambdaFunction, requestId: string, payload: string): Promise<void> {
    const startedAt = platform.clock.now();
    for (let attempt = 1; ; attempt += 1) {
      const fn = get();
      const outcome = await fn.run({ requestId, payload });
      if (outcome.ok || closed) return;
      const {
        MaximumRetryAttempts: retries = LIMITS.asynchronousRetries.value,
        MaximumEventAgeInSeconds: maxAge = LIMITS.asynchronousAge.value,
      } = configured.get(fn.name) ?? {};
      const tooOld = platform.clock.now() + attempt * retryDelayMs > startedAt + maxAge * 1000;
      if (attempt > retries || tooOld) {
        const condition = attempt > retries ? 'RetriesExhausted' : 'EventAgeExceeded';
        await reportFailure(platform, fn, configured.get(fn.name), {
          requestId,
          payload,
          outcome,
          attempt,
          condition,
        });
        return;
      }
      await wait(attempt * retryDelayMs);
    }
  }

  return {
    configure: (name, properties) => void configured.set(name, properties),
    enqueue(get, payload) {
      const requestId = randomUUID();
      void run(get, requestId, payload).catch((error: unknown) => {
        process.stderr.write(`local AWS: asynchronous invocation: ${String(error)}\n`);
      });
      return requestId;
    },
    close() {
      closed = true;
      for (const cancel of cancels) cancel();
    },
  };
}

interface Failure {
  readonly requestId: string;
  readonly payload: string;
  readonly outcome: Extract<Outcome, { ok: false }>;
  readonly attempt: number;
  readonly condition: string;
}

async function reportFailure(
  platform: Platform,
  fn: LambdaFunction,
  config: EventInvokeProperties | undefined,
  { requestId, payload, outcome, attempt, condition }: Failure,
): Promise<void> {
  const destination = config?.DestinationConfig?.OnFailure?.Destination;
  const { errorType, errorMessage } = outcome.error;
  if (destination !== undefined) {
    const record: JsonObject = {
      version: '1.0',
      timestamp: new Date(platform.clock.now()).toISOString(),
      requestContext: {
        requestId,
        functionArn: `${fn.arn}:$LATEST`,
        condition,
        approximateInvokeCount: attempt,
      },
      // The payload was checked to be JSON when it came in.
      requestPayload: JSON.parse(payload) as JsonObject,
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorType, errorMessage },
    };
    await deliver(platform, fn.caller, destination, { body: JSON.stringify(record) });
  }
  const deadLetters = fn.properties.DeadLetterConfig?.TargetArn;
  if (deadLetters !== undefined) {
    const attributes = { RequestID: requestId, ErrorCode: '200', ErrorMessage: errorMessage };
    await deliver(platform, fn.caller, deadLetters, { body: payload, attributes });
  }
}
