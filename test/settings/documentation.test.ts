import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../../src/settings/settings.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the settings', () => {
  it('stand in cdk.json with their defaults; the required one is absent', () => {
    // The file is ours; JSON.parse knows no types.
    const { context } = JSON.parse(read('cdk.json')) as { context: Record<string, unknown> };
    const settings = Object.entries(context).filter(([key]) => !/[:@/]/.test(key));
    const defaults = SETTINGS.filter((setting) => setting.default !== undefined);
    expect(settings).toEqual(defaults.map((setting) => [setting.key, setting.default]));
  });

  it.each(SETTINGS)('$prop says the same in its documentation as in the schema', (setting) => {
    const documented = new RegExp(
      `/\\*\\* (.*?)(?: @default (.*?))? \\*/\\n {2}readonly ${setting.prop}:`,
    ).exec(read('src/settings/props.ts'));
    expect(documented?.[1]).toBe(setting.description);
    const shown = documented?.[2]?.replaceAll("'", '');
    expect(shown).toBe(setting.default === undefined ? undefined : String(setting.default));
  });
});
