/**
 * Policy documents as CloudFormation and the APIs hand them in. Parsing is strict: an element, operator or principal type
 * that the evaluation does not know is refused by name when the resource is created, never ignored when it is judged.
 */
import { z } from 'zod';
import { AwsError } from '../platform.ts';
import type { Json } from '../platform.ts';
import { isKnownKey } from './known-keys.ts';

/** One or many, as everywhere in policies; always a list afterwards. */
const oneOrMany = <T>(item: z.ZodType<T>): z.ZodType<T[]> =>
  z.union([item.transform((single) => [single]), z.array(item)]);
const strings = oneOrMany(z.string());
const conditionValues = oneOrMany(z.union([z.string(), z.boolean(), z.number()]).transform(String));

const namedPrincipal = z.strictObject({ AWS: strings.optional(), Service: strings.optional() });
const principal = z.union([
  z.literal('*').transform((): z.infer<typeof namedPrincipal> => ({ AWS: ['*'] })),
  namedPrincipal,
]);

const statement = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Principal: principal.optional(),
    Action: strings.optional(),
    NotAction: strings.optional(),
    Resource: strings.optional(),
    NotResource: strings.optional(),
    Condition: z.record(z.string(), z.record(z.string(), conditionValues)).optional(),
  })
  .refine(
    (s) => (s.Action === undefined) !== (s.NotAction === undefined),
    'needs either Action or NotAction',
  );

const document = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().optional(),
  Statement: oneOrMany(statement),
});

export type Statement = z.infer<typeof statement>;
/** A parsed document with a name for messages, e.g. `CertIssueRole/DefaultPolicy`. */
export interface Policy {
  readonly name: string;
  readonly statements: readonly Statement[];
}

const BASES = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'ArnEquals',
  'ArnNotEquals',
  'ArnLike',
  'ArnNotLike',
  'Bool',
  'Null',
] as const;
export type BaseOperator = (typeof BASES)[number];

export interface Operator {
  readonly base: BaseOperator;
  readonly quantifier: 'ForAnyValue' | 'ForAllValues' | undefined;
  readonly ifExists: boolean;
}

/** Takes `ForAnyValue:StringLikeIfExists` apart; undefined when it is not an operator this AWS evaluates. */
export function parseOperator(text: string): Operator | undefined {
  const match = /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(text);
  const base = BASES.find((known) => known === match?.[2]);
  if (match === null || base === undefined || (base === 'Null' && match[3] !== undefined)) return undefined;
  const quantifier = match[1];
  return {
    base,
    quantifier: quantifier === 'ForAnyValue' || quantifier === 'ForAllValues' ? quantifier : undefined,
    ifExists: match[3] !== undefined,
  };
}

/** What a document is attached to decides which elements it must and must not have. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

/** Parses a document or throws MalformedPolicyDocument that names every problem. */
export function parsePolicy(
  name: string,
  source: Json,
  kind: PolicyKind,
  known: (key: string) => boolean = isKnownKey,
): Policy {
  const parsed = document.safeParse(source);
  if (!parsed.success) {
    throw malformed(
      name,
      parsed.error.issues.flatMap((issue) => spell(issue, [])),
    );
  }
  const problems = parsed.data.Statement.flatMap((one, index) =>
    problemsOf(one, kind, parsed.data.Version, known).map(
      (problem) => `Statement ${one.Sid ?? String(index)}: ${problem}`,
    ),
  );
  if (problems.length > 0) throw malformed(name, problems);
  return { name, statements: parsed.data.Statement };
}

function problemsOf(
  one: Statement,
  kind: PolicyKind,
  version: string | undefined,
  known: (key: string) => boolean,
): string[] {
  const problems: string[] = [];
  const hasResource = one.Resource !== undefined || one.NotResource !== undefined;
  if (one.Resource !== undefined && one.NotResource !== undefined)
    problems.push('has both Resource and NotResource');
  if (kind === 'identity' && one.Principal !== undefined)
    problems.push('an identity policy has no Principal');
  if (kind !== 'identity' && one.Principal === undefined) problems.push('needs a Principal');
  if (kind === 'trust' && hasResource) problems.push('a trust policy has no Resource');
  if (kind !== 'trust' && !hasResource) problems.push('needs Resource or NotResource');
  for (const [operator, keys] of Object.entries(one.Condition ?? {})) {
    if (parseOperator(operator) === undefined) {
      problems.push(`condition operator ${operator} is not supported by the local AWS`);
    }
    for (const key of Object.keys(keys)) {
      if (!known(key)) problems.push(`condition key ${key} is not supported by the local AWS`);
    }
  }
  for (const action of [...(one.Action ?? []), ...(one.NotAction ?? [])]) {
    if (action !== '*' && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/i.test(action))
      problems.push(`${action} is not an action`);
  }
  return [...problems, ...problemsOfVariables(one, version, known)];
}

/** `${aws:PrincipalArn}` and, with a default, `${aws:PrincipalTag/team, 'company-wide'}`; `${*}`, `${?}` and `${$}` escape. */
export const VARIABLE = /\$\{([^}]*)\}/g;
const NAMED = /^\s*([^,]+?)\s*(?:,\s*'[^']*'\s*)?$/;

function problemsOfVariables(
  one: Statement,
  version: string | undefined,
  known: (key: string) => boolean,
): string[] {
  const conditions = Object.values(one.Condition ?? {}).flatMap((keys) => Object.values(keys).flat());
  const texts = [...(one.Resource ?? []), ...(one.NotResource ?? []), ...conditions];
  const variables = texts.flatMap((text) => [...text.matchAll(VARIABLE)].map((match) => match[1] ?? ''));
  return variables
    .filter((inner) => !['*', '?', '$'].includes(inner))
    .flatMap((inner) => {
      const variable = '${' + inner + '}';
      if (version !== '2012-10-17') return [`policy variable ${variable} needs Version 2012-10-17`];
      const key = NAMED.exec(inner)?.[1];
      if (key !== undefined && known(key)) return [];
      return [`policy variable ${variable} is not supported by the local AWS`];
    });
}

/** Of a choice (one or many), the branch that went deepest says what is wrong. */
function spell(issue: z.core.$ZodIssue, path: readonly PropertyKey[]): string[] {
  const at = [...path, ...issue.path];
  if (issue.code !== 'invalid_union') return [`${at.map(String).join('.')}: ${issue.message}`];
  const depth = (branch: readonly z.core.$ZodIssue[]): number =>
    Math.max(0, ...branch.map((one) => one.path.length));
  const [deepest = []] = [...issue.errors].sort((a, b) => depth(b) - depth(a));
  return deepest.flatMap((one) => spell(one, at));
}

function malformed(name: string, problems: readonly string[]): AwsError {
  return new AwsError('MalformedPolicyDocument', `policy ${name}: ${problems.join('; ')}`);
}
