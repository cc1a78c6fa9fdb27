/** One execution environment: a worker thread that lives as long as it stays healthy and its credentials are fresh. */
import { Worker } from 'node:worker_threads';
import { LIMITS } from '../../limits.ts';
import type { EnvironmentData, EnvironmentMessage, FunctionError } from './environment-protocol.ts';

export interface Invocation {
  readonly requestId: string;
  readonly payload: string;
}
export type Outcome =
  | { readonly ok: true; readonly payload: string; readonly logs: string }
  | { readonly ok: false; readonly error: FunctionError; readonly logs: string };

export interface Environment {
  /** One at a time. A time-out ends the environment. */
  invoke(invocation: Invocation): Promise<Outcome>;
  /** False once it has failed, timed out or was closed. */
  alive(): boolean;
  /** Ends it at once, as the power of its machine would. */
  kill(): void;
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  readonly data: EnvironmentData;
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly log: (text: string) => void;
}

export function startEnvironment({ data, variables, timeoutMs, log }: EnvironmentOptions): Environment {
  const worker = new Worker(new URL('environment-worker.ts', import.meta.url), {
    workerData: data,
    env: { ...variables },
    // Flags of the process around us (a test runner's loader) are no part of the function's environment.
    execArgv: [],
    // A function that outgrows its memory ends itself, not this AWS.
    resourceLimits: { maxOldGenerationSizeMb: data.memorySize },
    stdout: true,
    stderr: true,
  });
  let alive = true;
  let logs = '';
  let settle: ((outcome: Outcome) => void) | undefined;
  let ready: () => void = () => undefined;
  const started = new Promise<void>((resolve) => (ready = resolve));

  const finish = (result: { ok: true; payload: string } | { ok: false; error: FunctionError }): void => {
    settle?.({ ...result, logs });
    settle = undefined;
  };
  const die = (error: FunctionError): void => {
    if (!alive) return;
    alive = false;
    ready();
    finish({ ok: false, error });
    void worker.terminate();
  };
  worker.on('message', (message: EnvironmentMessage) => {
    if (message.type === 'ready') ready();
    else if (message.type === 'log') {
      logs += message.text;
      log(message.text);
    } else if (message.type === 'initError') die(message.error);
    else if (message.type === 'result') finish({ ok: true, payload: message.payload });
    else finish({ ok: false, error: message.error });
  });
  worker.on('error', (error: unknown) => {
    const cause = error instanceof Error ? error : new Error(String(error));
    die({ errorType: cause.name, errorMessage: cause.message, trace: (cause.stack ?? '').split('\n') });
  });
  worker.on('exit', (code) => {
    die({
      errorType: 'Runtime.ExitError',
      errorMessage: `Runtime exited with error: exit status ${String(code)}`,
    });
  });
  const initTimer = setTimeout(() => {
    die({ errorType: 'Sandbox.Timedout', errorMessage: 'the init phase took longer than 10 seconds' });
  }, LIMITS.functionInit.value);
  void started.then(() => {
    clearTimeout(initTimer);
  });

  return {
    alive: () => alive,
    kill() {
      const errorMessage = 'Error: Runtime exited with error: signal: killed';
      log(`${errorMessage}\n`);
      die({ errorType: 'Runtime.ExitError', errorMessage });
    },
    async invoke({ requestId, payload }) {
      const outcome = new Promise<Outcome>((resolve) => (settle = resolve));
      logs = '';
      await started;
      if (!alive) return outcome;
      // Real time, not the moved clock: a function must not time out because somebody moved the clock.
      const timer = setTimeout(() => {
        const seconds = (timeoutMs / 1000).toFixed(2);
        const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`;
        log(`${errorMessage}\n`);
        die({ errorType: 'Sandbox.Timedout', errorMessage });
      }, timeoutMs);
      worker.postMessage({ requestId, payload, timeoutMs });
      try {
        return await outcome;
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      alive = false;
      ready();
      finish({
        ok: false,
        error: { errorType: 'Runtime.ExitError', errorMessage: 'the local AWS is shutting down' },
      });
      await worker.terminate();
    },
  };
}
