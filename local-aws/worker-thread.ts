/** Starts and stops the worker thread that is the local AWS. */
import { Worker } from 'node:worker_threads';
import type { AwsWorkerData, AwsWorkerMessage } from './aws-worker.ts';

const CLOSE_TIMEOUT_MS = 5000;

/** Rejects with the reason when it cannot start, e.g. because the port is taken. */
export async function startWorker(
  data: AwsWorkerData,
  onDiagnostic: (text: string) => void,
): Promise<{ worker: Worker; endpoint: string }> {
  const worker = new Worker(new URL('aws-worker.ts', import.meta.url), {
    workerData: data,
    // Flags of the process around us (a test runner's loader) are not meant for this thread.
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  for (const stream of [worker.stdout, worker.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      onDiagnostic(chunk.toString('utf8'));
    });
  }
  try {
    const message = await new Promise<AwsWorkerMessage>((resolveMessage, reject) => {
      worker.once('message', resolveMessage);
      worker.once('error', reject);
      worker.once('exit', (code) => {
        reject(new Error(`the local AWS ended while starting, with exit code ${String(code)}`));
      });
    });
    if (message.type === 'failed') throw new Error(message.message);
    worker.on('error', (error: unknown) => {
      onDiagnostic(
        `local AWS: stopped by an internal error: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`,
      );
    });
    return { worker, endpoint: message.endpoint };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/** Lets every service end what it runs; after a while without that. */
export async function stopWorker(worker: Worker): Promise<void> {
  const ended = new Promise<void>((done) => {
    worker.once('exit', () => {
      done();
    });
  });
  if (worker.threadId === -1) return;
  worker.postMessage('close');
  const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
