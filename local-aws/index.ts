/** Starts the local AWS: one call, everything on loopback, nothing left behind after `close()`. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { AwsWorkerData } from './aws-worker.ts';
import type { RecordedCall } from './gateway/call-log.ts';
import type { CountedAuthorization } from './iam/authorization-log.ts';
import type { Json, JsonObject } from './platform.ts';
import { startWorker, stopWorker } from './worker-thread.ts';

export type { CountedAuthorization, RecordedCall };

export interface LocalAwsOptions {
  /** Port on 127.0.0.1; any free one by default. */
  readonly port?: number;
  readonly region?: string;
  /** Output directory of `cdk synth` to deploy at once. */
  readonly assembly?: string;
  /** Managed nodes to create at once. */
  readonly hosts?: number;
  /** `scaled` (default) shortens what takes minutes in AWS; `real` is for time that is moved by hand. */
  readonly delays?: 'scaled' | 'real';
  /** Where nodes and files are kept; a temporary directory that `close()` removes by default. */
  readonly directory?: string;
  /** Carry tables, the CA, nodes and time from run to run in `directory`; needs one. */
  readonly keep?: boolean;
  /** Refuse what the template's policies do not allow (default), or only log it. */
  readonly enforce?: boolean;
  /** Faults to switch on at once, as `POST /_local/faults` takes them. */
  readonly faults?: JsonObject;
  /** What the verdicts of faults are drawn from; 1 by default. */
  readonly faultSeed?: number;
  /** The real aws_signing_helper for the nodes instead of the stand-in. */
  readonly signingHelper?: string;
  /** A file that every request and answer is appended to, without secrets. */
  readonly wireLog?: string;
  /** Takes diagnostics of the services; standard error by default. */
  readonly onDiagnostic?: (text: string) => void;
}

export interface LocalNode {
  readonly id: string;
  /** Directory that is the node's file system. */
  readonly root: string;
}

export interface LocalAws {
  /** For AWS_ENDPOINT_URL. */
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  readonly directory: string;
  deploy(assemblyDirectory: string): Promise<{ outputs: Record<string, string> }>;
  addNodes(count: number): Promise<LocalNode[]>;
  nodes(): Promise<LocalNode[]>;
  /** Moves time forward; everything that falls due on the way happens at once. */
  advanceClock(ms: number): Promise<void>;
  calls(): Promise<RecordedCall[]>;
  authorizations(): Promise<CountedAuthorization[]>;
  /** Any control, e.g. `control('GET /_local/logs', { function: 'CertIssue' })`. */
  control(route: string, body?: JsonObject): Promise<Json>;
  close(): Promise<void>;
}

const nodesShape = z.array(z.object({ id: z.string(), root: z.string() }));

// Not twelve zeros: some tools refuse that as an account.
const ACCOUNT_ID = '123456789012';

export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  requireCommand('bash', ['--version']);
  requireCommand('openssl', ['version']);
  const signingHelper = options.signingHelper === undefined ? undefined : executable(options.signingHelper);
  const region = options.region ?? 'us-east-1';
  const { directory, remove } = workDirectory(options.directory);
  const data: AwsWorkerData = {
    port: options.port ?? 0,
    region,
    partition: partitionOf(region),
    accountId: ACCOUNT_ID,
    directory,
    delays: options.delays ?? 'scaled',
    enforce: options.enforce ?? true,
    faults: options.faults ?? {},
    faultSeed: options.faultSeed ?? 1,
    signingHelper,
    keep: options.keep ?? false,
    wireLog: options.wireLog === undefined ? undefined : resolve(options.wireLog),
  };
  const { worker, endpoint } = await startWorker(data, options.onDiagnostic ?? toStandardError).catch(
    (error: unknown) => {
      remove();
      throw error;
    },
  );
  const control = (route: string, body: JsonObject = {}): Promise<Json> => callControl(endpoint, route, body);
  let closing: Promise<void> | undefined;
  const aws: LocalAws = {
    endpoint,
    region,
    accountId: ACCOUNT_ID,
    directory,
    control,
    deploy: async (assembly) =>
      z
        .object({ outputs: z.record(z.string(), z.string()) })
        .parse(await control('POST /_local/deploy', { assembly: resolve(assembly) })),
    addNodes: async (count) => nodesShape.parse(await control('POST /_local/nodes', { count })),
    nodes: async () => nodesShape.parse(await control('GET /_local/nodes')),
    advanceClock: async (ms) => {
      await control('POST /_local/clock', { advanceMs: ms });
    },
    // Both logs are written by this AWS itself; their types are those of the code that writes them.
    calls: async () => (await control('GET /_local/calls')) as unknown as RecordedCall[],
    authorizations: async () =>
      (await control('GET /_local/authorizations')) as unknown as CountedAuthorization[],
    close: () => (closing ??= stopWorker(worker).finally(remove)),
  };
  try {
    if (options.assembly !== undefined) await aws.deploy(options.assembly);
    if (options.hosts !== undefined && options.hosts > 0) await aws.addNodes(options.hosts);
    return aws;
  } catch (error) {
    await aws.close();
    throw error;
  }
}

async function callControl(endpoint: string, route: string, body: JsonObject): Promise<Json> {
  const [method = 'GET', path = ''] = route.split(' ');
  const url = new URL(path, endpoint);
  if (method === 'GET') {
    for (const [name, value] of Object.entries(body)) {
      url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
    }
  }
  const response = await fetch(url, {
    method,
    ...(method === 'GET'
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer = z.json().parse(await response.json());
  if (response.ok) return answer;
  const { message } = z.object({ message: z.string().default('no reason given') }).parse(answer);
  throw new Error(message);
}

function workDirectory(named: string | undefined): { directory: string; remove: () => void } {
  if (named === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'local-aws-'));
    return {
      directory,
      remove: () => {
        // A script that was just killed may still be writing its last file.
        rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      },
    };
  }
  const directory = resolve(named);
  mkdirSync(directory, { recursive: true });
  return { directory, remove: () => undefined };
}

function requireCommand(name: string, args: readonly string[]): void {
  if (spawnSync(name, args, { stdio: 'ignore' }).status === 0) return;
  throw new Error(
    `the local AWS needs ${name}, which could not be run: install it and see that it is on PATH`,
  );
}

/** The absolute path of a program that can be run; one sentence otherwise. */
function executable(file: string): string {
  try {
    accessSync(file, constants.X_OK);
    return resolve(file);
  } catch {
    throw new Error(
      `the signing helper ${file} is not a program that can be run: give the path of aws_signing_helper`,
    );
  }
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

function toStandardError(text: string): void {
  process.stderr.write(text);
}
