/** Synthesizes the template once for all test files that deploy it; they read the folder with `inject('assembly')`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesize } from '../cli/synthesize.ts';

declare module 'vitest' {
  interface ProvidedContext {
    assembly: string;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-assembly-'));
  await synthesize(directory);
  project.provide('assembly', directory);
  return () => {
    rmSync(directory, { recursive: true, force: true });
  };
}
