import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UsageError } from './terminal.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TIMEOUT_MS = 120_000;

/**
 * Makes the cloud assembly that `npx cdk deploy` would deploy, by running the same app with the context of cdk.json, as
 * the CDK CLI does, without its questions to the network. `context` stands for `-c`.
 */
export async function synthesize(
  directory: string,
  context: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { context: settings } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  const all = { SNSSubscriberEmail: 'ops@example.com', ...settings, ...context };
  try {
    await promisify(execFile)(process.execPath, [join(ROOT, 'bin/certvend.ts')], {
      cwd: ROOT,
      timeout: TIMEOUT_MS,
      env: { ...process.env, CDK_OUTDIR: directory, CDK_CONTEXT_JSON: JSON.stringify(all) },
    });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new UsageError(`the template cannot be synthesized:\n${output}`);
  }
}
