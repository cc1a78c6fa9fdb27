/** A local AWS of its own for one test file, with the real template deployed, and a fleet in it. */
import { inject } from 'vitest';
import { Fleet } from '../../cli/demo/fleet.ts';
import { startLocalAws } from '../../local-aws/index.ts';
import type { LocalAwsOptions } from '../../local-aws/index.ts';

/** Close with `fleet.aws.close()` in afterAll. */
export async function startFleet(hosts: number, options: LocalAwsOptions = {}): Promise<Fleet> {
  const aws = await startLocalAws(options);
  try {
    const { outputs } = await aws.deploy(inject('assembly'));
    return new Fleet(aws, outputs, await aws.addNodes(hosts));
  } catch (error) {
    await aws.close();
    throw error;
  }
}

export const ready = ({ status }: { readonly status: string }): boolean => status === 'Ready';
export const failing = ({ status }: { readonly status: string }): boolean => status === 'Failing';
