/**
 * Event patterns of EventBridge (and the filters of Lambda event sources, which use the same language). A pattern is
 * compiled once; a matcher that is not modelled is refused by name then, not ignored when an event comes.
 */
import type { Json, JsonObject } from '../../platform.ts';

export type EventPattern = (event: Json) => boolean;
/** Judges one leaf of an event; `undefined` means that the event has no such member. */
type Matcher = (value: Json | undefined) => boolean;

export function compilePattern(pattern: Json): EventPattern {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) {
    throw new Error(`event pattern: expected a non-empty object, got ${JSON.stringify(pattern)}`);
  }
  const members = Object.entries(pattern).map(([name, expected]): EventPattern => {
    if (name === '$or') return compileOr(expected);
    if (Array.isArray(expected))
      return leaf(
        name,
        expected.map((rule) => compileMatcher(rule, name)),
      );
    const inner = compilePattern(expected);
    return (event) => matchesAny(member(event, name), (value) => inner(value ?? {}));
  });
  return (event) => members.every((matches) => matches(event));
}

function compileOr(expected: Json): EventPattern {
  if (!Array.isArray(expected) || expected.length < 2)
    throw new Error('event pattern: $or needs a list of patterns');
  const alternatives = expected.map(compilePattern);
  return (event) => alternatives.some((matches) => matches(event));
}

function leaf(name: string, matchers: readonly Matcher[]): EventPattern {
  if (matchers.length === 0) throw new Error(`event pattern: ${name} has no values`);
  return (event) => {
    const actual = member(event, name);
    return matchesAny(actual, (value) => matchers.some((matches) => matches(value)));
  };
}

/** An array in an event matches when any of its elements does. */
function matchesAny(value: Json | undefined, matches: Matcher): boolean {
  return Array.isArray(value)
    ? value.length === 0
      ? matches(undefined)
      : value.some(matches)
    : matches(value);
}

function compileMatcher(rule: Json, where: string): Matcher {
  if (!isObject(rule)) return exact(rule);
  const [entry, ...more] = Object.entries(rule);
  if (entry === undefined || more.length > 0)
    throw new Error(`event pattern: ${where}: one matcher per object`);
  const [name, argument] = entry;
  const build = Object.hasOwn(matchers, name) ? matchers[name] : undefined;
  if (build === undefined)
    throw new Error(`event pattern: ${where}: matcher ${JSON.stringify(name)} is not modelled`);
  return build(argument, where);
}

const matchers: Readonly<Record<string, (argument: Json, where: string) => Matcher>> = {
  prefix: (argument, where) => onText(argument, where, (text, wanted) => text.startsWith(wanted)),
  suffix: (argument, where) => onText(argument, where, (text, wanted) => text.endsWith(wanted)),
  'equals-ignore-case': (argument, where) =>
    onText(argument, where, (text, wanted) => text.toLowerCase() === wanted.toLowerCase()),
  wildcard: (argument, where) => {
    const expression = wildcard(textOf(argument, where));
    return (value) => typeof value === 'string' && expression.test(value);
  },
  exists: (argument, where) => {
    if (typeof argument !== 'boolean') throw new Error(`event pattern: ${where}: exists takes true or false`);
    return (value) => (value !== undefined && !isObject(value)) === argument;
  },
  'anything-but': (argument, where) => {
    const excluded = (Array.isArray(argument) ? argument : [argument]).map((one) =>
      isObject(one) ? compileExclusion(one, where) : exact(one),
    );
    return (value) => value !== undefined && !isObject(value) && !excluded.some((matches) => matches(value));
  },
  numeric: (argument, where) => numeric(argument, where),
};

/** `{"anything-but": {"prefix": ["a", "b"]}}`: one of a few text matchers, with one value or several. */
function compileExclusion(rule: JsonObject, where: string): Matcher {
  const [name = '', argument = null] = Object.entries(rule)[0] ?? [];
  if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(name)) {
    throw new Error(`event pattern: ${where}: anything-but with ${JSON.stringify(name)} is not modelled`);
  }
  const each = (Array.isArray(argument) ? argument : [argument]).map((one) =>
    compileMatcher({ [name]: one }, where),
  );
  return (value) => each.some((matches) => matches(value));
}

function exact(expected: Json): Matcher {
  return (value) => value === expected;
}

function onText(argument: Json, where: string, test: (text: string, wanted: string) => boolean): Matcher {
  const wanted = textOf(argument, where);
  return (value) => typeof value === 'string' && test(value, wanted);
}

function wildcard(pattern: string): RegExp {
  const source = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${source.join('.*')}$`, 's');
}

const comparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '=': (left, right) => left === right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

function numeric(argument: Json, where: string): Matcher {
  const parts = Array.isArray(argument) ? argument : [];
  const tests: ((value: number) => boolean)[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const [operator, operand] = [parts[index], parts[index + 1]];
    const compare = typeof operator === 'string' ? comparisons[operator] : undefined;
    if (compare === undefined || typeof operand !== 'number') {
      throw new Error(`event pattern: ${where}: numeric ${JSON.stringify(argument)} is not modelled`);
    }
    tests.push((value) => compare(value, operand));
  }
  if (tests.length === 0)
    throw new Error(`event pattern: ${where}: numeric takes a list of operator and number`);
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function textOf(value: Json, where: string): string {
  if (typeof value !== 'string')
    throw new Error(`event pattern: ${where}: expected text, got ${JSON.stringify(value)}`);
  return value;
}

function member(event: Json, name: string): Json | undefined {
  return isObject(event) && Object.hasOwn(event, name) ? event[name] : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
