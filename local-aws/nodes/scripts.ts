/** Runs scripts of all nodes as child processes: first come first served, a few at a time. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

export interface ScriptJob {
  /** Who it belongs to, for killing all scripts of one node. */
  readonly owner: string;
  readonly file: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Real time: a jump of the clock does not make a script slower. */
  readonly timeoutMs: number;
  readonly diskFull: boolean;
  /** Called when a slot is free, just before the script starts; false drops the job. */
  readonly starting: () => boolean;
}

export interface ScriptResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface Scripts {
  /** Undefined when the script was dropped or killed from outside. */
  run(job: ScriptJob): Promise<ScriptResult | undefined>;
  kill(owner: string): void;
  running(owner: string): number;
  close(): void;
}

/** More than one core would not help: a script is openssl and little else. */
const slots = 4;
/** What is kept of an output; the agent keeps less. */
const maxOutput = 1_000_000;

export function createScripts(): Scripts {
  const waiting: (() => void)[] = [];
  const children = new Map<ChildProcess, string>();
  let busy = 0;
  let closed = false;

  function release(): void {
    const next = waiting.shift();
    // The slot is handed over, so nobody else can take it in between.
    if (next === undefined) busy -= 1;
    else next();
  }

  function killGroup(child: ChildProcess): void {
    children.delete(child);
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended in the meantime.
    }
  }

  function start(job: ScriptJob): Promise<ScriptResult | undefined> {
    return new Promise((resolve) => {
      const command = job.diskFull ? 'ulimit -f 0; exec "$0"' : '"$0"';
      // A process group of its own, so that everything the script started can be ended with it.
      const options = {
        cwd: job.directory,
        env: job.environment,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      } as const;
      const child = spawn('sh', ['-c', command, job.file], { ...options, stdio: [...options.stdio] });
      children.set(child, job.owner);
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        killGroup(child);
      }, job.timeoutMs);
      const stdout = collect(child.stdout);
      const stderr = collect(child.stderr);
      const ended = (exitCode: number): void => {
        clearTimeout(timer);
        const wasKilled = !children.delete(child) && !timedOut;
        resolve(wasKilled ? undefined : { exitCode, stdout: stdout(), stderr: stderr(), timedOut });
      };
      child.once('error', () => {
        ended(127);
      });
      child.once('close', (code) => {
        ended(code ?? 137);
      });
    });
  }

  return {
    async run(job) {
      if (busy >= slots) await new Promise<void>((resolve) => waiting.push(resolve));
      else busy += 1;
      if (closed) return undefined;
      try {
        return job.starting() ? await start(job) : undefined;
      } finally {
        release();
      }
    },
    kill(owner) {
      for (const [child, of] of children) if (of === owner) killGroup(child);
    },
    running: (owner) => [...children.values()].filter((of) => of === owner).length,
    close() {
      closed = true;
      for (const child of children.keys()) killGroup(child);
      for (const resume of waiting.splice(0)) resume();
    },
  };
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const parts: Buffer[] = [];
  let size = 0;
  stream?.on('data', (part: Buffer) => {
    if (size < maxOutput) parts.push(part);
    size += part.length;
  });
  return () => Buffer.concat(parts).toString('utf8');
}
