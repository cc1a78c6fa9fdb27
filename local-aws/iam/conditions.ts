/** Condition blocks, policy variables and wildcards of policies. Context keys are compared without regard to case. */
import { parseOperator, VARIABLE } from './policy.ts';
import type { BaseOperator, Operator } from './policy.ts';

/** Request condition keys in lower case → value, or values of a key that has several. */
export type Context = ReadonlyMap<string, string | readonly string[]>;

export function contextOf(values: Readonly<Record<string, string | readonly string[]>>): Context {
  return new Map(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]));
}

/** Whether every operator and every key of a Condition element holds. */
export function conditionHolds(
  condition: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> | undefined,
  context: Context,
): boolean {
  return Object.entries(condition ?? {}).every(([name, keys]) => {
    const operator = parseOperator(name);
    // Parsing refused unknown operators already; an unknown one must never widen a permission.
    if (operator === undefined) throw new Error(`unknown condition operator ${name}`);
    return Object.entries(keys).every(([key, wanted]) => keyHolds(operator, key, wanted, context));
  });
}

function keyHolds(operator: Operator, key: string, wanted: readonly string[], context: Context): boolean {
  const found = context.get(key.toLowerCase()) ?? [];
  const actual = typeof found === 'string' ? [found] : found;
  if (operator.base === 'Null') return wanted.some((value) => (value === 'true') === (actual.length === 0));
  if (actual.length === 0) {
    if (operator.ifExists) return true;
    if (operator.quantifier !== undefined) return operator.quantifier === 'ForAllValues';
    return isNegated(operator.base);
  }
  const holds = (value: string): boolean =>
    wanted.some((one) => valueMatches(operator.base, one, value, context)) !== isNegated(operator.base);
  return operator.quantifier === 'ForAllValues' ? actual.every(holds) : actual.some(holds);
}

function isNegated(base: BaseOperator): boolean {
  return base.includes('Not');
}

function valueMatches(base: BaseOperator, wanted: string, actual: string, context: Context): boolean {
  switch (base) {
    case 'StringEquals':
    case 'StringNotEquals':
      return expand(wanted, context) === actual;
    case 'StringEqualsIgnoreCase':
    case 'StringNotEqualsIgnoreCase':
      return expand(wanted, context)?.toLowerCase() === actual.toLowerCase();
    case 'StringLike':
    case 'StringNotLike':
      return globMatches(wanted, actual, context);
    case 'ArnEquals':
    case 'ArnNotEquals':
    case 'ArnLike':
    case 'ArnNotLike':
      return arnMatches(wanted, actual, context);
    case 'Bool':
      return wanted.toLowerCase() === actual.toLowerCase();
    case 'Null':
      return false;
  }
}

/** ARN operators compare the six parts one by one, so a wildcard never crosses a colon (except in the last part). */
function arnMatches(pattern: string, arn: string, context: Context): boolean {
  const wanted = arnParts(pattern);
  const actual = arnParts(arn);
  return (
    wanted.length === actual.length &&
    wanted.every((part, index) => globMatches(part, actual[index] ?? '', context))
  );
}

function arnParts(arn: string): string[] {
  // A policy variable holds colons itself: `${aws:PrincipalTag/x}`.
  const parts = arn.match(/(?:\$\{[^}]*\}|[^:])*(?::|$)/g) ?? [];
  const texts = parts.slice(0, arn.endsWith(':') ? parts.length : -1).map((part) => part.replace(/:$/, ''));
  return texts.length <= 6 ? texts : [...texts.slice(0, 5), texts.slice(5).join(':')];
}

/** Replaces policy variables; undefined when one has no value, so that nothing can match. */
function expand(text: string, context: Context): string | undefined {
  const values = [...text.matchAll(VARIABLE)].map((match) => variable(match[1] ?? '', context));
  if (values.includes(undefined)) return undefined;
  return text.replace(VARIABLE, (_all, inner: string) => variable(inner, context) ?? '');
}

function variable(inner: string, context: Context): string | undefined {
  if (inner === '*' || inner === '?' || inner === '$') return inner;
  const match = /^([^,]+?)(?:\s*,\s*'([^']*)')?$/.exec(inner);
  const value = context.get((match?.[1] ?? '').trim().toLowerCase()) ?? match?.[2];
  // A key with several values cannot be put into a text.
  return typeof value === 'string' ? value : undefined;
}

/** `*` and `?` are wildcards, except where they come out of a policy variable. */
export function globMatches(pattern: string, text: string, context: Context, flags = ''): boolean {
  let source = '';
  for (const piece of pattern.split(/(\$\{[^}]*\})/)) {
    if (/^\$\{[^}]*\}$/.test(piece)) {
      const value = variable(piece.slice(2, -1), context);
      if (value === undefined) return false;
      source += escape(value);
    } else {
      source += piece
        .split(/([*?])/)
        .map((part) => (part === '*' ? '.*' : part === '?' ? '.' : escape(part)))
        .join('');
    }
  }
  return new RegExp(`^${source}$`, `s${flags}`).test(text);
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
