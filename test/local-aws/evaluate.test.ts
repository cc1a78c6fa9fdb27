/**
 * Cases worked out by hand from the IAM user guide: "Policy evaluation logic", "IAM JSON policy elements" (Condition,
 * condition operators, multivalued context keys, variables and tags, NotAction, NotResource, Principal), "Session policies",
 * and the KMS developer guide, "Key policies".
 */
import { expect, test } from 'vitest';
import { evaluate, evaluateTrust } from '../../local-aws/iam/evaluate.ts';
import { judge } from '../../local-aws/iam/judge.ts';
import { parsePolicy } from '../../local-aws/iam/policy.ts';
import type { Policy, PolicyKind } from '../../local-aws/iam/policy.ts';
import type { Caller, JsonObject } from '../../local-aws/platform.ts';

const ACCOUNT = '123456789012';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/app`;
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/app/s1`;
const role: Caller = { kind: 'role', arn: SESSION, roleArn: ROLE, sessionName: 's1', accessKeyId: 'ASIA' };
const s3: Caller = { kind: 'service', service: 's3.amazonaws.com' };

const anyKey = (): boolean => true;
function policy(kind: PolicyKind, ...statements: JsonObject[]): Policy {
  return parsePolicy('p', { Version: '2012-10-17', Statement: statements }, kind, anyKey);
}

interface Case {
  readonly caller?: Caller;
  readonly action?: string;
  readonly resource?: string;
  readonly context?: Record<string, string | string[]>;
  readonly identity?: JsonObject[];
  readonly session?: JsonObject[];
  readonly on?: JsonObject[];
}

function allowed(one: Case): boolean {
  const { caller = role, action = 's3:GetObject', resource = 'arn:aws:s3:::bucket/key', context = {} } = one;
  return evaluate(
    { caller, action, resource, context },
    {
      identity: one.identity === undefined ? [] : [policy('identity', ...one.identity)],
      session: one.session === undefined ? undefined : [policy('identity', ...one.session)],
      resource: one.on === undefined ? [] : [policy('resource', ...one.on)],
    },
  ).allowed;
}

const Resource = '*';
const allow = (more: JsonObject = {}): JsonObject => ({ Effect: 'Allow', Action: 's3:*', Resource, ...more });
const deny = (more: JsonObject = {}): JsonObject => ({ Effect: 'Deny', Action: 's3:*', Resource, ...more });
const when = (Condition: JsonObject): JsonObject[] => [allow({ Condition })];
/** NotAction instead of Action, NotResource instead of Resource. */
const instead = (statement: JsonObject, element: 'Action' | 'Resource', value: string): JsonObject => {
  const { [element]: _replaced, ...rest } = statement;
  return { ...rest, [`Not${element}`]: value };
};

test.each<[string, Case, boolean]>([
  // Policy evaluation logic
  ['nothing says anything: implicit deny', {}, false],
  ['an identity policy allows', { identity: [allow()] }, true],
  ['an explicit deny overrides an allow', { identity: [allow(), deny()] }, false],
  [
    'a deny in the resource policy overrides an allow in the identity policy',
    { identity: [allow()], on: [deny({ Principal: '*' })] },
    false,
  ],
  [
    'a deny for the account hits a role of it',
    { identity: [allow()], on: [deny({ Principal: { AWS: ACCOUNT } })] },
    false,
  ],
  [
    'in one account the resource policy alone is enough when it names the role',
    { on: [allow({ Principal: { AWS: ROLE } })] },
    true,
  ],
  [
    'naming the account only delegates to its identity policies',
    { on: [allow({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } })] },
    false,
  ],
  [
    'naming the account and an identity policy that allows',
    { identity: [allow()], on: [allow({ Principal: { AWS: ACCOUNT } })] },
    true,
  ],
  ['another role is named', { on: [allow({ Principal: { AWS: `${ROLE}2` } })] }, false],
  // Actions and resources
  ['actions are not case-sensitive', { identity: [allow({ Action: 'S3:getobject' })] }, true],
  ['resources are case-sensitive', { identity: [allow({ Resource: 'arn:aws:s3:::BUCKET/key' })] }, false],
  [
    '* crosses slashes',
    { resource: 'arn:aws:s3:::bucket/a/b', identity: [allow({ Resource: 'arn:aws:s3:::bucket/*' })] },
    true,
  ],
  ['? is exactly one character', { identity: [allow({ Resource: 'arn:aws:s3:::bucket/ke??' })] }, false],
  [
    'NotAction allows everything else',
    { action: 's3:PutObject', identity: [instead(allow(), 'Action', 's3:GetObject')] },
    true,
  ],
  ['NotAction does not allow what it names', { identity: [instead(allow(), 'Action', 's3:Get*')] }, false],
  [
    'Deny with NotAction denies everything else',
    { action: 's3:PutObject', identity: [allow(), instead(deny(), 'Action', 's3:GetObject')] },
    false,
  ],
  [
    'Deny with NotAction does not allow what it names',
    { identity: [instead(deny(), 'Action', 's3:GetObject')] },
    false,
  ],
  [
    'NotResource allows all other resources',
    { identity: [instead(allow(), 'Resource', 'arn:aws:s3:::secret/*')] },
    true,
  ],
  [
    'Deny with NotResource denies all other resources',
    { identity: [allow(), instead(deny(), 'Resource', 'arn:aws:s3:::secret/*')] },
    false,
  ],
  // Conditions
  [
    'several values of a key are alternatives',
    { context: { 'aws:x': 'b' }, identity: when({ StringEquals: { 'aws:x': ['a', 'b'] } }) },
    true,
  ],
  [
    'several keys must all match',
    { context: { 'aws:x': 'a' }, identity: when({ StringEquals: { 'aws:x': 'a', 'aws:y': 'b' } }) },
    false,
  ],
  [
    'several operators must all match',
    {
      context: { 'aws:x': 'a' },
      identity: when({ StringEquals: { 'aws:x': 'a' }, Null: { 'aws:y': 'false' } }),
    },
    false,
  ],
  [
    'several values of a negated operator must all fail',
    { context: { 'aws:x': 'b' }, identity: when({ StringNotEquals: { 'aws:x': ['a', 'b'] } }) },
    false,
  ],
  [
    'values are case-sensitive',
    { context: { 'aws:x': 'A' }, identity: when({ StringEquals: { 'aws:x': 'a' } }) },
    false,
  ],
  [
    'except with IgnoreCase',
    { context: { 'aws:x': 'A' }, identity: when({ StringEqualsIgnoreCase: { 'aws:x': 'a' } }) },
    true,
  ],
  ['keys are not', { context: { 'AWS:X': 'a' }, identity: when({ StringEquals: { 'aws:x': 'a' } }) }, true],
  [
    'StringEquals takes a wildcard literally',
    { context: { 'aws:x': 'abc' }, identity: when({ StringEquals: { 'aws:x': 'a*' } }) },
    false,
  ],
  ['a missing key fails', { identity: when({ StringLike: { 'aws:x': '*' } }) }, false],
  [
    'a missing key satisfies a negated operator',
    { identity: when({ StringNotEquals: { 'aws:x': 'a' } }) },
    true,
  ],
  ['IfExists: the key is absent', { identity: when({ StringEqualsIfExists: { 'aws:x': 'a' } }) }, true],
  [
    'IfExists: the key is there and differs',
    { context: { 'aws:x': 'b' }, identity: when({ StringEqualsIfExists: { 'aws:x': 'a' } }) },
    false,
  ],
  [
    'Null true: the key must be absent',
    { context: { 'aws:x': 'a' }, identity: when({ Null: { 'aws:x': 'true' } }) },
    false,
  ],
  [
    'Null false: the key must be there',
    { context: { 'aws:x': '' }, identity: when({ Null: { 'aws:x': 'false' } }) },
    true,
  ],
  [
    'Bool on a missing key',
    { identity: [allow(), deny({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } })] },
    true,
  ],
  [
    'Bool of plain HTTP',
    {
      context: { 'aws:SecureTransport': 'false' },
      identity: [allow(), deny({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
    },
    false,
  ],
  [
    'ArnEquals behaves as ArnLike',
    {
      context: { 'aws:SourceArn': 'arn:aws:sns:us-east-1:1:t1' },
      identity: when({ ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:*:1:t?' } }),
    },
    true,
  ],
  [
    'each of the six parts of an ARN is matched on its own',
    {
      context: { 'aws:SourceArn': 'arn:aws:sns:us-east-1:1:t1' },
      identity: when({ ArnLike: { 'aws:SourceArn': 'arn:aws:*:t1' } }),
    },
    false,
  ],
  // Multivalued context keys
  [
    'ForAllValues: every value is one of the policy',
    {
      context: { 'aws:TagKeys': ['a', 'b'] },
      identity: when({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b', 'c'] } }),
    },
    true,
  ],
  [
    'ForAllValues: one value is not',
    {
      context: { 'aws:TagKeys': ['a', 'z'] },
      identity: when({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }),
    },
    false,
  ],
  [
    'ForAllValues: no value at all',
    {
      context: { 'aws:TagKeys': [] },
      identity: when({ 'ForAllValues:StringEquals': { 'aws:TagKeys': 'a' } }),
    },
    true,
  ],
  [
    'ForAnyValue: one value is enough',
    {
      context: { 'aws:TagKeys': ['z', 'a'] },
      identity: when({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a', 'b'] } }),
    },
    true,
  ],
  [
    'ForAnyValue: no value at all',
    { identity: when({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'a' } }) },
    false,
  ],
  [
    'ForAnyValue negated: one value that differs is enough',
    {
      context: { 'aws:TagKeys': ['a', 'z'] },
      identity: when({ 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': 'a' } }),
    },
    true,
  ],
  [
    'ForAllValues negated: all values must differ',
    {
      context: { 'aws:TagKeys': ['a', 'z'] },
      identity: when({ 'ForAllValues:StringNotEquals': { 'aws:TagKeys': 'a' } }),
    },
    false,
  ],
  // Policy variables
  [
    'a variable in a resource',
    {
      context: { 'aws:username': 'key' },
      identity: [allow({ Resource: 'arn:aws:s3:::bucket/${aws:username}' })],
    },
    true,
  ],
  [
    'a variable without value matches nothing',
    { identity: [allow({ Resource: 'arn:aws:s3:::bucket/${aws:username}*' })] },
    false,
  ],
  [
    'a default value',
    { identity: [allow({ Resource: "arn:aws:s3:::bucket/${aws:username, 'key'}" })] },
    true,
  ],
  [
    'a value is not a pattern',
    {
      context: { 'aws:username': '*' },
      identity: [allow({ Resource: 'arn:aws:s3:::bucket/${aws:username}' })],
    },
    false,
  ],
  [
    '${*} is a star',
    { resource: 'arn:aws:s3:::bucket/*', identity: [allow({ Resource: 'arn:aws:s3:::bucket/${*}' })] },
    true,
  ],
  ['${*} is nothing else', { identity: [allow({ Resource: 'arn:aws:s3:::bucket/${*}' })] }, false],
  [
    'a variable in a condition',
    { context: { 'aws:x': 'a', 'aws:y': 'a' }, identity: when({ StringEquals: { 'aws:x': '${aws:y}' } }) },
    true,
  ],
  // Services and cross-service access
  [
    'a service needs the resource policy',
    { caller: s3, action: 'sqs:SendMessage', resource: 'arn:aws:sqs:::q' },
    false,
  ],
  [
    'a service that is named, from the named source',
    {
      caller: s3,
      context: { 'aws:SourceArn': 'arn:aws:s3:::b' },
      on: [
        allow({
          Principal: { Service: 's3.amazonaws.com' },
          Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::b' } },
        }),
      ],
    },
    true,
  ],
  [
    'the confused deputy: another source',
    {
      caller: s3,
      context: { 'aws:SourceArn': 'arn:aws:s3:::evil' },
      on: [
        allow({
          Principal: { Service: 's3.amazonaws.com' },
          Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::b' } },
        }),
      ],
    },
    false,
  ],
  ['another service', { caller: s3, on: [allow({ Principal: { Service: 'sns.amazonaws.com' } })] }, false],
  ['Principal * is everybody', { caller: s3, on: [allow({ Principal: '*' })] }, true],
  // Session policies
  [
    'a session has what both allow',
    { identity: [allow()], session: [allow({ Action: 's3:GetObject' })] },
    true,
  ],
  [
    'and nothing that only the role allows',
    { action: 's3:PutObject', identity: [allow()], session: [allow({ Action: 's3:GetObject' })] },
    false,
  ],
  ['and nothing that only the session policy allows', { session: [allow()] }, false],
  ['a deny of the session policy', { identity: [allow()], session: [allow(), deny()] }, false],
  [
    'a resource policy that names the role is narrowed',
    { on: [allow({ Principal: { AWS: ROLE } })], session: [allow({ Action: 's3:PutObject' })] },
    false,
  ],
  [
    'a resource policy that names the session is not',
    { on: [allow({ Principal: { AWS: SESSION } })], session: [allow({ Action: 's3:PutObject' })] },
    true,
  ],
])('%s', (_what, one, expected) => {
  expect(allowed(one)).toBe(expected);
});

const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/1`;
const useKey = { action: 'kms:Decrypt', resource: KEY, identity: [allow({ Action: 'kms:*' })] };

test.each<[string, Case, boolean]>([
  ['an identity policy alone does not open a key', useKey, false],
  [
    'unless the key policy names the account',
    { ...useKey, on: [allow({ Action: 'kms:*', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } })] },
    true,
  ],
  [
    'but not for other actions',
    { ...useKey, on: [allow({ Action: 'kms:Encrypt', Principal: { AWS: ACCOUNT } })] },
    false,
  ],
  [
    'the key policy alone does when it names the role',
    { ...useKey, identity: [], on: [allow({ Action: 'kms:*', Principal: { AWS: ROLE } })] },
    true,
  ],
])('keys: %s', (_what, one, expected) => {
  expect(allowed(one)).toBe(expected);
});

test('a role can be taken only as its trust policy says', () => {
  const trust = policy('trust', {
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: { Service: 's3.amazonaws.com' },
    Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
  });
  const may = (caller: Caller, action: string, context: Record<string, string>): boolean =>
    evaluateTrust({ caller, action, resource: ROLE, context }, trust).allowed;
  expect(may(s3, 'sts:AssumeRole', { 'aws:SourceAccount': ACCOUNT })).toBe(true);
  expect(may(s3, 'sts:AssumeRole', { 'aws:SourceAccount': '210987654321' })).toBe(false);
  expect(may(s3, 'sts:TagSession', { 'aws:SourceAccount': ACCOUNT })).toBe(false);
  expect(may(role, 'sts:AssumeRole', { 'aws:SourceAccount': ACCOUNT })).toBe(false);
});

test('objects are governed by the policy of their bucket', () => {
  const bucket = policy('resource', deny({ Principal: '*', Resource: 'arn:aws:s3:::bucket/*' }));
  const policies = {
    identity: () => [policy('identity', allow())],
    resource: (arn: string) => (arn === 'arn:aws:s3:::bucket' ? [bucket] : []),
    trust: () => undefined,
  };
  const get = (resource: string) =>
    judge({ caller: role, action: 's3:GetObject', resource, context: {} }, policies);
  expect(get('arn:aws:s3:::bucket/key').allowed).toBe(false);
  expect(get('arn:aws:s3:::other/key').allowed).toBe(true);
});

const Allow = { Effect: 'Allow', Action: 's3:GetObject', Resource };
test.each<[string, JsonObject, PolicyKind, string]>([
  [
    'operator',
    { ...Allow, Condition: { IpAddress: { 'aws:SourceAccount': '1' } } },
    'identity',
    'condition operator IpAddress',
  ],
  [
    'key',
    { ...Allow, Condition: { StringEquals: { 'aws:SourceVpce': 'x' } } },
    'identity',
    'condition key aws:SourceVpce',
  ],
  [
    'variable',
    { ...Allow, Resource: 'arn:aws:s3:::b/${aws:username}' },
    'identity',
    'policy variable ${aws:username}',
  ],
  ['action', { ...Allow, Action: 'GetObject' }, 'identity', 'GetObject is not an action'],
  ['element', { ...Allow, Sid: 'x', Until: 'tomorrow' }, 'identity', 'Until'],
  ['principal', { ...Allow, Principal: { Federated: 'x' } }, 'resource', 'Principal'],
  ['effect', { ...Allow, Effect: 'Maybe' }, 'identity', 'Effect'],
])('a policy with an unknown %s is refused by name', (_what, statement, kind, name) => {
  expect(() => parsePolicy('p', { Version: '2012-10-17', Statement: [statement] }, kind)).toThrow(name);
});

test('a variable needs the version of the language that has them', () => {
  const statement = { ...Allow, Resource: 'arn:aws:s3:::b/${aws:PrincipalArn}' };
  expect(() => parsePolicy('p', { Statement: [statement] }, 'identity')).toThrow('needs Version 2012-10-17');
});
