/** The real stack, synthesized by the app itself: what `cdk synth` does, without the CLI's start-up time. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Writes a cloud assembly into `directory`; `context` is what `-c` would give. */
export function synthesize(directory: string, context: Readonly<Record<string, string>> = {}): void {
  const { app, context: defaults } = z
    .object({ app: z.string(), context: z.record(z.string(), z.json()) })
    .parse(JSON.parse(readFileSync(`${root}cdk.json`, 'utf8')));
  const [, ...entry] = app.split(' ');
  execFileSync(process.execPath, entry, {
    cwd: root,
    env: {
      ...process.env,
      CDK_OUTDIR: directory,
      CDK_CONTEXT_JSON: JSON.stringify({ ...defaults, SNSSubscriberEmail: 'ops@example.com', ...context }),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
