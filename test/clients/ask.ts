/** One way to ask any operation, whichever client does it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { tool } from './tools.ts';

export type Answer = Record<string, unknown>;
export type Ask = (service: string, operation: string, input?: Answer) => Promise<Answer>;

export interface Asking {
  readonly ask: Ask;
  close(): void;
}

/** boto3, in a process of its own that answers line by line. */
export function askBoto3(env: NodeJS.ProcessEnv): Asking {
  const child = spawn(tool('python'), [fileURLToPath(new URL('driver.py', import.meta.url))], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    waiting.shift()?.resolve(z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
  });
  child.on('close', () => {
    for (const one of waiting.splice(0)) one.reject(new Error('the driver ended'));
  });
  return {
    ask: (service, operation, input = {}) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify({ service, operation, input })}\n`);
      }),
    close: () => {
      child.stdin.end();
    },
  };
}

/** The JavaScript SDK, whose packages are named after the services; a blob is a byte array there. */
export function askJavaScript(options: {
  readonly endpoint: string;
  readonly region: string;
  readonly packages: Readonly<Record<string, string>>;
}): Ask {
  const clients = new Map<string, { send(command: unknown): Promise<unknown> }>();
  return async (service, operation, input = {}) => {
    const name = options.packages[service];
    if (name === undefined) throw new Error(`no package of the JavaScript SDK for ${service} is installed`);
    // Every package of the SDK has this form; it is found by name, so the compiler cannot know it.
    const sdk = (await import(`@aws-sdk/client-${name}`)) as Record<
      string,
      new (input: object) => { send(command: unknown): Promise<unknown> }
    >;
    const Client = Object.entries(sdk).find(([key]) => key.endsWith('Client') && !key.startsWith('__'))?.[1];
    const Command = sdk[`${operation}Command`];
    if (Client === undefined || Command === undefined)
      throw new Error(`the SDK has no ${service} ${operation}`);
    const { endpoint, region } = options;
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client =
      clients.get(service) ?? new Client({ endpoint, region, credentials, forcePathStyle: true });
    clients.set(service, client);
    try {
      return z
        .record(z.string(), z.unknown())
        .parse(plain(await client.send(new Command(bytes(input) as object))));
    } catch (error) {
      if (!(error instanceof Error) || !('$metadata' in error)) throw error;
      const { httpStatusCode } = z.object({ httpStatusCode: z.number().optional() }).parse(error.$metadata);
      return { error: error.name, status: httpStatusCode, message: error.message };
    }
  };
}

function bytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bytes);
  if (typeof value !== 'object' || value === null) return value;
  if ('$blob' in value && typeof value.$blob === 'string') return Buffer.from(value.$blob, 'base64');
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, bytes(one)]));
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $blob: Buffer.from(value).toString('base64') };
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  // The body of an object is a stream: that it came is enough here.
  if ('transformToByteArray' in value) return { $blob: '' };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => key !== '$metadata' && one !== undefined)
      .map(([key, one]) => [key, plain(one)]),
  );
}
