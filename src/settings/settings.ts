/** The one reader of settings. Whatever is wrong is said at once, in one error. */
import { nearest } from './nearest.ts';
import type { Settings, SettingsInput } from './props.ts';
import { RELATIONS } from './relations.ts';
import { schema, SETTINGS, type SettingDefinition } from './schema.ts';

export type { Settings, SettingsInput } from './props.ts';
export { settingsWarnings } from './relations.ts';
export { SETTINGS, type SettingDefinition } from './schema.ts';

/** Context keys of the CDK that hold none of `:` `@` `/`. */
const KEYS_OF_THE_CDK: readonly string[] = ['acknowledged-issue-numbers', 'cdk-migrate'];

/** Takes the place of a required setting that is wrong while the relations between the others are checked. */
const STAND_IN = 'nobody@example.com';

/** All problems of the settings; each has the key, the value given, what is allowed and what to do. */
export class SettingsError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? 'a setting is' : `${String(problems.length)} settings are`;
    super([`${count} wrong:`, ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

/** Reads the CDK context: keys of cdk.json, overridden by `-c key=value`, whose values arrive as text. */
export function readSettings(context: Readonly<Record<string, unknown>>): Settings {
  const input: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(context)) {
    const definition = SETTINGS.find((each) => each.key === key);
    if (definition !== undefined) input[definition.prop] = value;
    else if (!/[:@/]/.test(key) && !KEYS_OF_THE_CDK.includes(key)) unknown.push(unknownKey(key));
  }
  return resolve(input, unknown);
}

/** The same checks for settings that a program gives to the construct. */
export function resolveSettings(input: SettingsInput): Settings {
  return resolve({ ...input }, []);
}

function resolve(input: Record<string, unknown>, problemsSoFar: readonly string[]): Settings {
  const given = Object.fromEntries(
    SETTINGS.map(({ prop, default: preset }) => [prop, input[prop] ?? preset]),
  );
  const first = schema.safeParse(given);
  if (first.success) {
    failOn([...problemsSoFar, ...relationsOf(first.data, [])]);
    return first.data;
  }
  const wrong = SETTINGS.filter(({ prop }) => first.error.issues.some((issue) => issue.path[0] === prop));
  const repaired = Object.fromEntries(wrong.map(({ prop, default: preset }) => [prop, preset ?? STAND_IN]));
  const rest = schema.parse({ ...given, ...repaired });
  const alone = wrong.map((each) => problemOf(each, given[each.prop]));
  throw new SettingsError([
    ...problemsSoFar,
    ...alone,
    ...relationsOf(
      rest,
      wrong.map(({ prop }) => prop),
    ),
  ]);
}

/** Problems of the relations whose settings are all fine alone. */
function relationsOf(settings: Settings, wrong: readonly (keyof Settings)[]): string[] {
  return RELATIONS.filter(({ between }) => !between.some((prop) => wrong.includes(prop))).flatMap(
    ({ problems }) => problems(settings),
  );
}

function failOn(problems: readonly string[]): void {
  if (problems.length > 0) throw new SettingsError(problems);
}

function problemOf({ key, allowed, default: preset }: SettingDefinition, value: unknown): string {
  if (value === undefined)
    return `${key}: missing; allowed: ${allowed}; pass -c ${key}=<value> or set it in cdk.json`;
  const remedy = preset === undefined ? `pass -c ${key}=<value>` : `the default is ${JSON.stringify(preset)}`;
  return `${key}: got ${JSON.stringify(value)}; allowed: ${allowed}; change it in cdk.json or with -c (${remedy})`;
}

function unknownKey(key: string): string {
  const known = SETTINGS.map((each) => each.key);
  const guess = nearest(key, known);
  return `${key}: no such setting; allowed: the settings of cdk.json; did you mean ${guess ?? 'one of those'}? Rename or remove it`;
}
