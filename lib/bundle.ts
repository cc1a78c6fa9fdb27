import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync, type OutputFile } from 'esbuild';

/** Name of a function's entry without its folder, e.g. `cert-check` for `lambda/cert-check.ts`. */
export type FunctionEntry = 'cert-check' | 'cert-issue' | 'cert-deploy' | 'crl-processor';
export const FUNCTION_ENTRIES: readonly FunctionEntry[] = [
  'cert-check',
  'cert-issue',
  'cert-deploy',
  'crl-processor',
];

export interface Bundle {
  readonly code: Uint8Array;
  /** Bytes of the one file that Lambda loads. */
  readonly size: number;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const bundled = new Map<string, ReadonlyMap<string, Bundle>>();

/**
 * Bundles all functions with one call of esbuild: one file per function, everything in it (a function that loads the SDK
 * of the runtime starts more than twice as slow). The same sources give the same bytes. Done once per process.
 */
export function bundleFunctions(
  folder = join(ROOT, 'lambda'),
  entries: readonly string[] = FUNCTION_ENTRIES,
): ReadonlyMap<string, Bundle> {
  const key = JSON.stringify([folder, entries]);
  const known = bundled.get(key);
  if (known !== undefined) return known;
  const result = buildSync({
    absWorkingDir: ROOT,
    entryPoints: Object.fromEntries(entries.map((entry) => [entry, join(folder, `${entry}.ts`)])),
    outdir: 'bundle',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    alias: {
      '@aws-sdk/credential-provider-node': fileURLToPath(
        new URL('environment-credentials.ts', import.meta.url),
      ),
    },
    sourcemap: false,
    legalComments: 'none',
    logLevel: 'silent', // buildSync throws what went wrong; printing it too would say it twice
  });
  const bundles = new Map(entries.map((entry) => [entry, bundleOf(entry, result.outputFiles)]));
  bundled.set(key, bundles);
  return bundles;
}

function bundleOf(entry: string, files: readonly OutputFile[]): Bundle {
  const file = files.find(({ path }) => path.endsWith(`/${entry}.mjs`));
  if (file === undefined)
    throw new Error(`esbuild wrote no ${entry}.mjs; it wrote ${files.map(({ path }) => path).join(', ')}`);
  return { code: file.contents, size: file.contents.byteLength };
}

/** Writes one function's bundle as `index.mjs` into a directory of its own below `outdir`, and returns that directory. */
export function writeBundle(entry: FunctionEntry, outdir: string): string {
  const bundle = bundleFunctions().get(entry);
  if (bundle === undefined) throw new Error(`no function ${entry}; known: ${FUNCTION_ENTRIES.join(', ')}`);
  const file = join(outdir, 'bundles', entry, 'index.mjs');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bundle.code);
  return dirname(file);
}
