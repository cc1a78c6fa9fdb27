import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Which folder may import what; the reasons stand in docs/architecture.md. A name with a slash at its end is a folder of ours. */
const MAY_IMPORT: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  'src/core/': ['src/core/', 'node:crypto'],
  'src/pki/': ['src/pki/', 'src/core/', 'src/ports/', 'node:crypto', '@peculiar/x509', 'reflect-metadata'],
  'src/ports/': ['src/ports/', 'src/core/'],
  'src/workflows/': ['src/workflows/', 'src/core/', 'src/ports/'],
  'src/aws/': ['src/aws/', 'src/core/', 'src/ports/', /^@aws-sdk\//, 'ulid', 'node:crypto'],
  'src/settings/': ['src/settings/', 'src/core/', 'zod'],
  'lambda/': ['lambda/', /^src\//, /^@aws-lambda-powertools\//, /^@aws-sdk\//, 'aws-lambda'],
  'lib/': [
    'lib/',
    'src/settings/',
    'src/core/',
    /^aws-cdk-lib/,
    'constructs',
    'esbuild',
    'yaml',
    'cdk-nag',
    /^node:/,
  ],
  'bin/': ['lib/', 'src/settings/', 'aws-cdk-lib', 'constructs', 'cdk-nag'],
  'local-aws/': [
    'local-aws/',
    /^node:/,
    'zod',
    /^dynalite(\/|$)/,
    'fauxqs',
    '@peculiar/x509',
    'reflect-metadata',
    're2js',
    'yaml',
  ],
  'cli/': ['cli/', 'src/', 'local-aws/', /^node:/, /^@aws-sdk\//, 'listr2'],
  'bench/': ['bench/', 'cli/', 'src/', 'local-aws/', 'lib/', /^node:/, /^@aws-sdk\//],
};

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** The modules that a file imports, ours as paths from the root. */
function imports(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(
    /^(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...found].map((match) => {
    const name = match[1] ?? match[2] ?? '';
    return name.startsWith('.') ? relative(ROOT, join(ROOT, dirname(file), name)) : name;
  });
}

function mayImport(allowed: readonly (string | RegExp)[], name: string): boolean {
  return allowed.some((rule) =>
    typeof rule === 'string'
      ? name === rule || (rule.endsWith('/') && name.startsWith(rule))
      : rule.test(name),
  );
}

describe('the table of imports', () => {
  it.each(Object.entries(MAY_IMPORT))('%s imports only what the table allows', (folder, allowed) => {
    const files = sources(folder);
    expect(files.length).toBeGreaterThan(0);
    const refused = files.flatMap((file) =>
      imports(file)
        .filter((name) => !mayImport(allowed, name))
        .map((name) => `${file} imports ${name}`),
    );
    expect(refused).toEqual([]);
  });

  it('covers every source file of the product', () => {
    const rows = Object.keys(MAY_IMPORT);
    const uncovered = ['src', 'lambda', 'lib', 'bin', 'local-aws', 'cli', 'bench']
      .flatMap(sources)
      .filter((file) => !rows.some((row) => file.startsWith(row)));
    expect(uncovered).toEqual([]);
  });
});

describe('the tool chain', () => {
  it('runs on Node.js 24, which the project brings itself', () => {
    expect(process.versions.node.split('.')[0]).toBe('24');
  });

  it('keeps paths of one machine and registry hosts out of the repository', () => {
    const text = [
      ...['src', 'lambda', 'lib', 'bin', 'local-aws', 'cli', 'bench'].flatMap(sources),
      'package-lock.json',
      'package.json',
    ]
      .map((file) => readFileSync(join(ROOT, file), 'utf8'))
      .join('\n');
    expect(text).not.toMatch(/"resolved": "https?:|\/work\/|\.\.\/shared/);
  });
});
