/** `npm run local`: an AWS on this machine with certvend deployed in it, until Ctrl-C. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLocalAws } from '../local-aws/index.ts';
import type { LocalAws } from '../local-aws/index.ts';
import { readArguments } from './local/arguments.ts';
import type { Arguments } from './local/arguments.ts';
import { environment, summary } from './local/summary.ts';
import type { Running } from './local/summary.ts';
import { synthesize } from './synthesize.ts';
import { explain, main, print, UsageError } from './terminal.ts';

const STATE = fileURLToPath(new URL('../.certvend', import.meta.url));

await main(async () => {
  const options = readArguments();
  const begun = performance.now();
  const ended = interrupted();
  const aws = await step('starting an empty AWS', () => start(options));
  try {
    const assembly = join(aws.directory, 'assembly');
    await step('synthesizing the template of `npx cdk deploy`', () => synthesize(fresh(assembly)));
    const { outputs } = await step('deploying it', () => aws.deploy(assembly));
    const nodes = await step('booting managed nodes', () => fleet(aws, options.hosts));
    if (Object.keys(options.faults).length > 0) await aws.control('POST /_local/faults', options.faults);
    const running: Running = { aws, outputs, nodes };
    writeState(running);
    explain(`ready after ${seconds(begun)}`);
    for (const line of summary(running, options)) print(line);
    await ended;
    explain(
      options.data === undefined ? 'stopping ...' : `stopping, and keeping the state in ${options.data} ...`,
    );
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : new UsageError(error instanceof Error ? error.message : String(error));
  } finally {
    for (const name of ['local.json', 'local.env']) rmSync(join(STATE, name), { force: true });
    await aws.close();
  }
});

async function start({ port, seed, data, wireLog, signingHelper }: Arguments): Promise<LocalAws> {
  try {
    return await startLocalAws({
      ...{ port, faultSeed: seed },
      ...(data === undefined ? {} : { directory: data, keep: true }),
      ...(wireLog === undefined ? {} : { wireLog }),
      ...(signingHelper === undefined ? {} : { signingHelper }),
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Says what takes time, and how long it took. */
async function step<T>(what: string, run: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  process.stderr.write(`${what} ... `);
  try {
    const result = await run();
    explain(seconds(begun));
    return result;
  } catch (error) {
    explain('failed');
    throw error;
  }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function fresh(directory: string): string {
  rmSync(directory, { recursive: true, force: true });
  return directory;
}

/** The nodes of the run before, and as many more as are wanted. */
async function fleet(aws: LocalAws, wanted: number): Promise<Running['nodes']> {
  const present = await aws.nodes();
  if (present.length >= wanted) return present;
  return [...present, ...(await aws.addNodes(wanted - present.length))];
}

/** For scripts and for the commands of another terminal. */
function writeState(running: Running): void {
  const { aws, outputs, nodes } = running;
  const { endpoint, region } = aws;
  mkdirSync(STATE, { recursive: true });
  const text = JSON.stringify({ endpoint, region, outputs, nodes }, undefined, 2);
  writeFileSync(join(STATE, 'local.json'), `${text}\n`);
  writeFileSync(join(STATE, 'local.env'), `${environment(running).join('\n')}\n`);
}

/** Also while it starts, a signal ends it in order. */
async function interrupted(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}
