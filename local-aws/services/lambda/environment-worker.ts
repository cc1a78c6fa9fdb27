/**
 * The worker thread of one execution environment: moves Date, catches output, imports the function's code with nothing
 * between it and Node, and runs one invocation at a time.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { installDate } from '../../clock.ts';
import type {
  EnvironmentData,
  EnvironmentMessage,
  FunctionError,
  InvokeMessage,
} from './environment-protocol.ts';

type Handler = (event: unknown, context: object) => unknown;

// Only the Lambda service starts this file, with exactly this data.
const data = workerData as EnvironmentData;

function send(message: EnvironmentMessage): void {
  parentPort?.postMessage(message);
}

/** Output goes through the same port as results, so that it arrives before the result it belongs to. */
function captureOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = (chunk: string | Uint8Array, second?: unknown, third?: unknown): boolean => {
      send({ type: 'log', text: typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8') });
      const done = typeof second === 'function' ? second : third;
      if (typeof done === 'function') queueMicrotask(() => void Reflect.apply(done, undefined, []));
      return true;
    };
  }
}

async function loadHandler(): Promise<Handler> {
  const [file = '', exportName = ''] = data.handler.split('.');
  const path = ['.mjs', '.js', '.cjs']
    .map((ending) => join(data.codeDirectory, file + ending))
    .find(existsSync);
  if (path === undefined) throw named('Runtime.ImportModuleError', `Error: Cannot find module '${file}'`);
  const loaded: unknown = await import(pathToFileURL(path).href);
  const found: unknown =
    typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, exportName) : undefined;
  if (typeof found !== 'function') {
    throw named('Runtime.HandlerNotFound', `${data.handler} is undefined or not exported`);
  }
  return (event, context): unknown => Reflect.apply(found, undefined, [event, context]);
}

async function invoke(handler: Handler, { requestId, payload, timeoutMs }: InvokeMessage): Promise<void> {
  // Not Date: a jump of moved time must not eat the function's time.
  const deadline = performance.now() + timeoutMs;
  const context = {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: data.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: data.functionArn,
    logGroupName: data.logGroup,
    logStreamName: data.logStream,
    memoryLimitInMB: String(data.memorySize),
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
  };
  try {
    const result = await handler(JSON.parse(payload), context);
    send({ type: 'result', requestId, payload: result === undefined ? 'null' : JSON.stringify(result) });
  } catch (error) {
    const described = describe(error);
    const { errorType, errorMessage, trace: stack } = described;
    process.stderr.write(`${JSON.stringify({ errorType, errorMessage, stack })}\n`);
    send({ type: 'error', requestId, error: described });
  }
}

function describe(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

installDate(data.clock);
captureOutput();
try {
  const handler = await loadHandler();
  parentPort?.on('message', (message: InvokeMessage) => void invoke(handler, message));
  send({ type: 'ready' });
} catch (error) {
  send({ type: 'initError', error: describe(error) });
}
