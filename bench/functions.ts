/** Size of the four bundles, and how long Node.js takes to import each, in a process of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleFunctions } from '../lib/bundle.ts';
import { RUNTIME_SETTINGS } from '../src/settings/runtime-settings.ts';

export interface FunctionCost {
  readonly name: string;
  readonly kilobytes: number;
  readonly importMs: number;
}

const RUNS = 9;

export function measureFunctions(): FunctionCost[] {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-bench-'));
  try {
    return [...bundleFunctions()].map(([name, { code, size }]) => {
      const file = join(directory, `${name}.mjs`);
      writeFileSync(file, code);
      return { name, kilobytes: size / 1000, importMs: medianImport(file) };
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The bundle makes its clients while it is imported; it needs a Region and settings, and calls nothing. */
function medianImport(file: string): number {
  const script = `const begun = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(performance.now() - begun)`;
  const environment = {
    PATH: process.env['PATH'],
    AWS_REGION: 'us-east-1',
    CERTVEND: JSON.stringify(SETTINGS),
  };
  const times = Array.from({ length: RUNS }, () =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        env: environment,
      }),
    ),
  );
  return times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
}

const SETTINGS = {
  ...Object.fromEntries(RUNTIME_SETTINGS.map((name) => [name, 'bench'])),
  hostDefaults: {},
  policy: {},
};
