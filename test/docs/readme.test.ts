import { describe, expect, it } from 'vitest';
import { STAGES } from '../../cli/demo/stages.ts';
import { ADMINISTRATOR_ATTRIBUTES } from '../../src/core/host-request.ts';
import { SETTINGS } from '../../src/settings/settings.ts';
import { resources, templateOf } from '../lib/stacks.ts';
import { codeBlocks, DOCUMENTS, read, section, tableRows } from './documents.ts';

const readme = read('README.md');
// The file is ours; JSON.parse knows no types.
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

describe('the README', () => {
  it('has the settings of the schema in its table: each key, default and description, in this order', () => {
    const shown = (preset: string | number | boolean | undefined): string =>
      preset === undefined ? 'required' : preset === '' ? '(empty)' : `\`${String(preset)}\``;
    expect(tableRows(section(readme, '## Settings'))).toEqual(
      SETTINGS.map(({ key, default: preset, description }) => [`\`${key}\``, shown(preset), description]),
    );
  });

  it('has every attribute of an administrator in its table, and no other', () => {
    const named = tableRows(section(readme, '### What a row may say')).flatMap(([cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    );
    expect(named.sort()).toEqual(['disabled', 'hostID', ...ADMINISTRATOR_ATTRIBUTES].sort());
  });

  it('shows the stages of the demo as they are called', () => {
    const transcript = codeBlocks(readme).find(({ code }) => code.startsWith('✔ Deploy the template'))?.code;
    const shown = transcript?.split('\n').filter((line) => line.startsWith('✔ ')) ?? [];
    expect(shown.slice(1)).toEqual(STAGES.map(({ title }) => `✔ ${title}`));
  });

  it('adds up its costs', () => {
    const days = 7 * (2 / 3) - 7 / 40;
    const each = Math.round((30 / days) * 0.058 * 10_000) / 10_000;
    for (const [hosts = '', ca, certificates, other, nodes = '', sum] of tableRows(
      section(readme, '## Cost'),
    )) {
      const count = Number(hosts.replace(',', ''));
      expect(certificates).toBe(`${hosts} × ${String(each)} = ${(count * each).toFixed(2)}`);
      const tier = count > 1_000 ? count * 730 * 0.00695 : 0;
      expect(Number(nodes.split('= ').at(-1)?.replace(',', ''))).toBeCloseTo(tier, 2);
      const total = Math.round(Number(ca) + count * each + Number(other) + tier);
      expect(sum).toBe(`about ${total.toLocaleString('en-US')}`);
    }
  });
});

describe('numbers of the README', () => {
  it('count the alarms of the stack', () => {
    const alarms = resources(templateOf(), 'AWS::CloudWatch::Alarm').length;
    expect(readme).toContain(`${String(alarms)} alarms ${(alarms * 0.1).toFixed(2)}`);
    expect(read('CHANGELOG.md')).toContain(`${String(alarms)} alarms`);
  });
});

describe('commands of the documents', () => {
  const commands = DOCUMENTS.flatMap((document) =>
    [...read(document).matchAll(/\bnpm run ([a-z][a-z:-]*)/g)].map(([, name = '']) => ({ document, name })),
  );

  it.each(commands)('$document: npm run $name exists', ({ name }) => {
    expect(Object.keys(scripts)).toContain(name);
  });

  it('npm test exists, and is the one that CI runs', () => {
    expect(scripts['test']).toBeDefined();
    expect(read('.ci/run')).toMatch(/^npm test$/m);
    expect(readme).toContain('npm ci && npm test');
  });
});
