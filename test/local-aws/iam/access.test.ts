import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller, JsonObject } from '../../../local-aws/platform.ts';
import { createIamService } from '../../../local-aws/services/iam/index.ts';
import { startPlatform } from '../start-platform.ts';
import type { StartedPlatform } from '../start-platform.ts';

let aws: StartedPlatform;
beforeAll(async () => {
  aws = await startPlatform((platform, { access }) => [createIamService(platform, access)], {
    enforce: true,
  });
});
afterAll(() => aws.gateway.close());

let made = 0;
async function role(
  statements: JsonObject[],
  trust: JsonObject = { Principal: { Service: 'lambda.amazonaws.com' } },
): Promise<string> {
  made += 1;
  const created = await aws.create('AWS::IAM::Role', {
    RoleName: `role${String(made)}`,
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', ...trust }],
    },
    Policies: [{ PolicyName: 'p', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
  });
  return created.attributes['Arn'] ?? '';
}

function allowed(
  roleArn: string,
  action: string,
  resource: string,
  options: {
    context?: Record<string, string>;
    tags?: Record<string, string>;
    sessionPolicies?: JsonObject[];
  } = {},
): boolean {
  const { accessKeyId } = aws.access.issue({
    roleArn,
    sessionName: 's',
    expiresAt: aws.clock.now() + 1000,
    ...options,
  });
  const caller: Caller | undefined = aws.access.issuedKey(accessKeyId)?.caller;
  if (caller === undefined) return false;
  try {
    aws.access.authorize(caller, [
      { action, resource, ...(options.context ? { context: options.context } : {}) },
    ]);
    return true;
  } catch {
    return false;
  }
}

const Resource = '*';
const Effect = 'Allow';

test('actions and resources match with wildcards, and a deny wins', async () => {
  const arn = await role([
    { Effect, Action: 'sqs:Send*', Resource: 'arn:aws:sqs:*:*:work-?' },
    { Effect: 'Deny', NotAction: 'sqs:SendMessage', Resource },
    { Effect: 'Deny', Action: '*', NotResource: ['arn:aws:sqs:*:*:work-*'] },
  ]);
  expect(allowed(arn, 'SQS:sendmessage', 'arn:aws:sqs:us-east-1:1:work-1')).toBe(true);
  expect(allowed(arn, 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:1:work-1')).toBe(true);
  expect(allowed(arn, 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:1:work-12')).toBe(false);
  expect(allowed(arn, 'sqs:SendMessageBatch', 'arn:aws:sqs:us-east-1:1:work-1')).toBe(false);
});

test.each<[string, JsonObject, Record<string, string>, boolean]>([
  ['a string that is equal', { StringEquals: { 's3:prefix': ['x', 'y'] } }, { 'S3:Prefix': 'y' }, true],
  ['a missing key with a positive operator', { StringEquals: { 's3:prefix': 'x' } }, {}, false],
  ['a missing key with a negated operator', { StringNotEquals: { 's3:prefix': 'x' } }, {}, true],
  ['a missing key with IfExists', { StringLikeIfExists: { 's3:prefix': 'x*' } }, {}, true],
  [
    'one of several unwanted values',
    { StringNotLike: { 's3:prefix': ['a*', 'x*'] } },
    { 's3:prefix': 'xy' },
    false,
  ],
  [
    'two keys, of which one fails',
    { StringEquals: { 's3:prefix': 'x', 's3:x-amz-acl': 'y' } },
    { 's3:prefix': 'x', 's3:x-amz-acl': 'n' },
    false,
  ],
  [
    'an ARN whose wildcard would have to cross a colon',
    { ArnLike: { 's3:prefix': 'arn:aws:s3:*:x' } },
    { 's3:prefix': 'arn:aws:s3:r:1:x' },
    false,
  ],
  [
    'an ARN part by part',
    { ArnEquals: { 's3:prefix': 'arn:aws:s3:*:*:x*' } },
    { 's3:prefix': 'arn:aws:s3:r:1:x:y' },
    true,
  ],
  ['a boolean', { Bool: { 's3:prefix': true } }, { 's3:prefix': 'true' }, true],
  ['a key that has to be absent', { Null: { 's3:prefix': 'true' } }, { 's3:prefix': 'x' }, false],
  ['all values of an absent key', { 'ForAllValues:StringEquals': { 's3:prefix': 'x' } }, {}, true],
  ['any value of an absent key', { 'ForAnyValue:StringEquals': { 's3:prefix': 'x' } }, {}, false],
])('conditions judge %s', async (_what, Condition, context, expected) => {
  const arn = await role([{ Effect, Action: 'a:B', Resource, Condition }]);
  expect(allowed(arn, 'a:B', 'r', { context })).toBe(expected);
});

test('policy variables are the tags of the session, taken literally', async () => {
  const CN = '${aws:PrincipalTag/x509Subject/CN}';
  const arn = await role([{ Effect, Action: 's3:GetObject', Resource: `arn:aws:s3:::b/${CN}/*` }]);
  const may = (cn: string | undefined, key: string): boolean =>
    allowed(
      arn,
      's3:GetObject',
      `arn:aws:s3:::b/${key}`,
      cn === undefined ? {} : { tags: { 'x509Subject/CN': cn } },
    );
  expect(may('mi-1', 'mi-1/x')).toBe(true);
  expect(may('mi-1', 'mi-2/x')).toBe(false);
  expect(may('*', 'mi-2/x')).toBe(false);
  expect(may(undefined, '/x')).toBe(false);
});

test('a session policy narrows, and a resource policy lets a service in under its conditions', async () => {
  const arn = await role([{ Effect, Action: 's3:*', Resource }]);
  const sessionPolicies = [{ Statement: { Effect, Action: 's3:GetObject', Resource } }];
  expect(allowed(arn, 's3:GetObject', 'arn:aws:s3:::b/x', { sessionPolicies })).toBe(true);
  expect(allowed(arn, 's3:PutObject', 'arn:aws:s3:::b/x', { sessionPolicies })).toBe(false);

  const queue = 'arn:aws:sqs:us-east-1:123456789012:q';
  const rule = 'arn:aws:events:us-east-1:123456789012:rule/r';
  aws.access.attachResourcePolicy(queue, 'policy', {
    Statement: {
      Effect,
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: queue,
      Condition: { ArnEquals: { 'aws:SourceArn': rule } },
    },
  });
  const send = (sourceArn: string): void => {
    const caller: Caller = { kind: 'service', service: 'events.amazonaws.com', sourceArn };
    aws.access.authorize(caller, [{ action: 'sqs:SendMessage', resource: queue }]);
  };
  send(rule);
  expect(() => {
    send(`${rule}2`);
  }).toThrow('no statement allows sqs:SendMessage');
});

test('a trust policy decides by service, trust anchor and subject', async () => {
  const arn = await role([], {
    Principal: { Service: 'rolesanywhere.amazonaws.com' },
    Condition: {
      ArnEquals: { 'aws:SourceArn': 'arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/1' },
      StringLike: { 'aws:PrincipalTag/x509Subject/CN': 'mi-*' },
    },
  });
  const context = {
    'aws:SourceArn': 'arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/1',
    'aws:PrincipalTag/x509Subject/CN': 'mi-1',
  };
  const verdict = (service: string, more = {}): boolean =>
    aws.access.mayAssume(arn, service, 'sts:AssumeRole', { ...context, ...more }).allowed;
  expect(verdict('rolesanywhere.amazonaws.com')).toBe(true);
  expect(verdict('lambda.amazonaws.com')).toBe(false);
  expect(verdict('rolesanywhere.amazonaws.com', { 'aws:PrincipalTag/x509Subject/CN': 'web' })).toBe(false);
  expect(aws.access.mayAssume(`${arn}x`, 'lambda.amazonaws.com', 'sts:AssumeRole', {}).reason).toContain(
    'no role',
  );
});

test.each<[string, JsonObject, string]>([
  ['operator', { Effect, Action: 'a:B', Resource, Condition: { DateLessThan: { a: 'b' } } }, 'DateLessThan'],
  ['element', { Effect, Action: 'a:B', Resource, NotPrincipal: '*' }, 'NotPrincipal'],
  ['principal in an identity policy', { Effect, Action: 'a:B', Resource, Principal: '*' }, 'no Principal'],
  ['missing resource', { Effect, Action: 'a:B' }, 'needs Resource'],
])('an unsupported %s is refused by name', async (_what, statement, name) => {
  await expect(role([statement])).rejects.toThrow(name);
});

test('functions are only logged unless enforcement is on, and equal lines are counted', async () => {
  const arn = await role([]);
  await aws.control('POST', '/_local/authorizations', { enforce: false });
  expect(allowed(arn, 'x:Y', 'r1')).toBe(true);
  expect(allowed(arn, 'x:Y', 'r1')).toBe(true);
  const log = await aws.control('GET', '/_local/authorizations');
  const lines = Array.isArray(log) ? log : [];
  expect(lines.at(-1)).toMatchObject({
    caller: arn,
    action: 'x:Y',
    resource: 'r1',
    allowed: false,
    count: 2,
  });
});
