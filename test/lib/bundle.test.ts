import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleFunctions, FUNCTION_ENTRIES } from '../../lib/bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'certvend-bundle-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const KILOBYTE = 1000;
const LARGEST = { 'cert-check': 650, 'cert-issue': 1_200, 'cert-deploy': 1_200, 'crl-processor': 1_200 };

describe('the bundles', () => {
  const bundles = bundleFunctions();
  const textOf = (entry: string): string => Buffer.from(bundles.get(entry)?.code ?? []).toString();

  it.each(FUNCTION_ENTRIES)('%s is no larger than it may be', (entry) => {
    const size = bundles.get(entry)?.size;
    expect(size).toBeGreaterThan(10 * KILOBYTE);
    expect(size).toBeLessThanOrEqual(LARGEST[entry] * KILOBYTE);
  });

  it.each(FUNCTION_ENTRIES)('%s names no folder of the machine that built it', (entry) => {
    expect(textOf(entry)).not.toContain(process.cwd());
  });
});

describe('bundleFunctions', () => {
  const write = (name: string): void => {
    writeFileSync(
      join(folder, name),
      "import { join } from 'node:path';\nexport const handler = () => join('a', 'b');\n",
    );
  };

  it('makes the same bytes of the same sources, wherever they lie', () => {
    write('one.ts');
    write('two.ts');
    const [one, two] = ['one', 'two'].map((entry) => bundleFunctions(folder, [entry]).get(entry));
    expect(one?.code).toEqual(two?.code);
  });

  it('says which entry is missing', () => {
    expect(() => bundleFunctions(folder, ['three'])).toThrow(/three\.ts/);
  });
});
