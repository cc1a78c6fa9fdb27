import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../local-aws/limits.ts';
import { RolesAnywherePrincipal } from '../../lib/roles-anywhere-principal.ts';
import { appOf, record } from '../lib/stacks.ts';
import { codeBlocks, DOCUMENTS, prose, read, ROOT, section, tableRows } from './documents.ts';

/** Names of test files in a text. */
const tests = (text: string): string[] =>
  [...text.matchAll(/test\/[A-Za-z0-9/_.-]+\.ts/g)].map(([name]) => name);

describe('docs/compatibility.md', () => {
  const rows = tableRows(read('docs/compatibility.md'));

  it.each(rows.map((row) => [row[0], row.at(-1) ?? '']))('%s names its test', (_line, cell) => {
    const named = tests(cell);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
  });

  it('has the 26 defects, each with the test of its number', () => {
    const defects = tableRows(
      section(read('docs/compatibility.md'), '## Defects of the sample that must not come back'),
    );
    expect(defects.map(([number]) => number)).toEqual(
      Array.from({ length: 26 }, (_, index) => String(index + 1)),
    );
    for (const [number = '', , cell = ''] of defects)
      expect(cell).toContain(`test/compatibility/defects/${number.padStart(2, '0')}-`);
  });
});

describe('documents', () => {
  it.each(DOCUMENTS)('%s names only files that exist', (document) => {
    const named = [
      ...prose(read(document)).matchAll(
        /`((?:src|lib|lambda|test|cli|bin|ssm-documents|local-aws)\/[\w./-]+)`/g,
      ),
    ]
      .map(([, name = '']) => name)
      .filter((name) => !existsSync(join(ROOT, name)));
    expect(named).toEqual([]);
  });
});

describe('docs/security.md', () => {
  it('shows the trust policy that RolesAnywherePrincipal makes', () => {
    const block = codeBlocks(read('docs/security.md')).find(({ language }) => language === 'json');
    // Parsed to be compared; nothing is read out of it.
    const shown = JSON.parse((block?.code ?? '').replace('ACCOUNT_ID', '123456789012')) as unknown;
    const stack = new Stack(appOf(), 'example', { env: { account: '123456789012', region: 'us-east-1' } });
    const assumedBy = new RolesAnywherePrincipal({
      trustAnchorArn: 'TRUST_ANCHOR_ARN',
      commonName: 'mi-0123456789abcdef0',
    });
    new Role(stack, 'Application', { assumedBy });
    const [role] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    const properties = record(record(role)['Properties']);
    const text = JSON.stringify(properties['AssumeRolePolicyDocument']);
    expect(JSON.parse(text.replaceAll('{"Ref":"AWS::AccountId"}', '"123456789012"'))).toEqual(shown);
  });
});

describe('docs/decisions', () => {
  it('give every dependency its reason', () => {
    // The file is ours; JSON.parse knows no types.
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const reasons = read('docs/decisions/0004-dependencies.md');
    const named = [...reasons.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    const packages = Object.keys({ ...dependencies, ...devDependencies });
    expect(packages.filter((name) => !named.includes(name))).toEqual([]);
    const tables = tableRows(reasons).flatMap(([cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    );
    expect(tables.filter((name) => !packages.includes(name))).toEqual([]);
  });

  it('are numbered without gaps and are called as their files', () => {
    const files = readdirSync(join(ROOT, 'docs/decisions')).sort();
    expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, index) => index + 1));
    for (const file of files)
      expect(readFileSync(join(ROOT, 'docs/decisions', file), 'utf8')).toMatch(
        new RegExp(`^# ${file.slice(0, 4)} `),
      );
  });
});

describe('docs/architecture.md', () => {
  it('has the folders of the table of imports', () => {
    const documented = tableRows(section(read('docs/architecture.md'), '## Who may import what')).map(
      ([folder = '']) => folder.replaceAll('`', ''),
    );
    const enforced = [...read('test/architecture.test.ts').matchAll(/^ {2}'([a-z/-]+\/)': \[/gm)].map(
      ([, name]) => name,
    );
    expect(documented.sort()).toEqual(enforced.sort());
  });
});

describe('docs/unconfirmed.md', () => {
  const items = read('docs/unconfirmed.md').split(/^### /m).slice(1);

  it.each(items.map((item) => [item.split('\n')[0], item]))(
    '%s says what is assumed, the test, what to expect, and what to change',
    (_title, item) => {
      for (const part of ['Assumed', 'Test', 'Expected', 'If not']) expect(item).toContain(`- ${part}: `);
    },
  );

  it('has the numbers that the local AWS had to guess, and no others', () => {
    const guesses = Object.entries(LIMITS).filter(([, { source }]) => source.startsWith('a guess'));
    expect(tableRows(section(read('docs/unconfirmed.md'), '## Guesses of the local AWS'))).toEqual(
      guesses.map(([name, { value, unit, says }]) => [`\`${name}\``, `${String(value)} ${unit}`, says]),
    );
  });
});
