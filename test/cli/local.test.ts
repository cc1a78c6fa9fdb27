import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../cli/local.ts', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'cli-local-'));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command; once its summary is there, `whenReady` is called with the endpoint and the command is interrupted. */
function run(args: readonly string[], whenReady?: (endpoint: string) => Promise<void>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err, ready] = ['', '', false];
    child.stderr.on('data', (text) => (err += String(text)));
    child.stdout.on('data', (text) => {
      out += String(text);
      const endpoint = /certvend runs at (\S+)/.exec(out)?.[1];
      if (ready || endpoint === undefined || !out.includes('Ctrl-C')) return;
      ready = true;
      (whenReady?.(endpoint) ?? Promise.resolve()).then(() => child.kill('SIGINT'), reject);
    });
    child.once('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

async function freePort(): Promise<{ port: number; close: () => void }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server on a port has an address with a port.
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test.each([
  [['--prot', '1'], /^error: Unknown option '--prot'\nusage: npm run local/],
  [['--hosts', '201'], /^error: --hosts is "201"; allowed: 0 to 200\n/],
  [['--fault', 'thottle'], /^error: --fault: there is no fault "thottle"; there are throttle, error/],
  [['--fault', 'throttle=2'], /^error: --fault: the rate of throttle is "2"; allowed: 0 to 1/],
  [['--signing-helper', '/nowhere'], /error: the signing helper \/nowhere is not a program that can be run/],
])('%j is one clear sentence', async (args, sentence) => {
  const { code, out, err } = await run(args);
  expect(err).toMatch(sentence);
  expect(err).not.toMatch(/\n {4}at /);
  expect([code, out]).toEqual([1, '']);
});

test('a busy port and a foreign state are told before anything else is done', async () => {
  const { port, close } = await freePort();
  const busy = await run(['--port', String(port)]);
  close();
  expect(busy.err).toContain(`error: port ${String(port)} on 127.0.0.1 is in use`);
  expect(busy.err).not.toContain('synthesizing');
  writeFileSync(join(directory, 'state.json'), '{"version":99,"entries":{}}');
  const foreign = await run(['--port', String(port), '--data', directory]);
  expect(foreign.err).toMatch(/error: .*state\.json is not the state of this version of the local AWS/);
  rmSync(join(directory, 'state.json'));
});

test('it tells what it does, what to type, and goes on with its data the next time', async () => {
  const { port, close } = await freePort();
  close();
  const wire = join(directory, 'wire.jsonl');
  const args = [
    '--port',
    String(port),
    '--hosts',
    '1',
    '--data',
    join(directory, 'data'),
    '--wire-log',
    wire,
  ];
  const nodes = new Set<string>();
  const look = async (endpoint: string): Promise<void> => {
    const [node] = (await (await fetch(`${endpoint}/_local/nodes`)).json()) as { id: string }[];
    nodes.add(node?.id ?? '');
    await fetch(`${endpoint}/_local/clock`, { method: 'POST', body: '{"advanceMs":60000}' });
  };
  const first = await run(args, look);
  expect(first.err).toMatch(
    /^starting an empty AWS \.\.\. .*\nsynthesizing .*\ndeploying it .*\nbooting .*\nready after [\d.]+ s\n/,
  );
  expect(first.out).toContain('aws dynamodb put-item --table-name certificates');
  expect(first.out.trim().split('\n').length).toBeLessThan(40);
  expect(first.code).toBe(0);
  const arn = (text: string): string => /--trust-anchor-arn (\S+)/.exec(text)?.[1] ?? '';
  const state = join(directory, 'data', 'state.json');
  expect(statSync(state).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(state, 'utf8'))).toMatchObject({ entries: { clock: 60_000 } });

  const second = await run([...args, '--fault', 'throttle=0.5', '--seed', '7'], look);
  expect(second.out).toContain('faults on     throttle=0.5   (seed 7)');
  expect(arn(second.out)).toBe(arn(first.out));
  expect([...nodes]).toHaveLength(1);
  expect(existsSync(wire)).toBe(true);
}, 120_000);
