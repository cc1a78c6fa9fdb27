/** The tools that scripts/real-clients.sh has put in place, and how they are told where the local AWS is. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalAws } from '../../local-aws/index.ts';

export function tool(name: string): string {
  const directory = process.env['CERTVEND_CLIENTS'];
  if (directory === undefined)
    throw new Error('run scripts/real-clients.sh, which installs the clients first');
  return join(directory, 'bin', name);
}

/** Nothing of the person's own configuration may answer instead. */
export function environment({ endpoint, region }: LocalAws): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_ENDPOINT_URL: endpoint,
    AWS_DEFAULT_REGION: region,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
}

/** Standard output. Throws with what the program said on standard error. */
export async function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<string> {
  try {
    const options = {
      env,
      maxBuffer: 64 * 1024 * 1024,
      timeout: 120_000,
      ...(cwd === undefined ? {} : { cwd }),
    };
    return (await promisify(execFile)(program, args, options)).stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed: ${said === '' ? String(error) : said}`);
  }
}
