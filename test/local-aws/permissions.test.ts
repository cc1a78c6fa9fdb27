import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalAws } from '../../local-aws/index.ts';
import type { CountedAuthorization, LocalAws } from '../../local-aws/index.ts';
import { parsePolicy } from '../../local-aws/iam/policy.ts';
import { liveOneLife } from './permissions-life.ts';
import { PolicySet } from './permissions-replay.ts';
import type { Part } from './permissions-replay.ts';
import { synthesize } from './synthesize.ts';

/** Parts that no life on the local AWS can need → why they stand in the template all the same. */
const NOT_EXERCISED: readonly (readonly [RegExp, string])[] = [
  [
    /^certvend-(?:issuance|deployment), statement \d: sqs:(?:GetQueueAttributes|GetQueueUrl)$/,
    "the CDK's SqsQueue target grants the three actions as one; EventBridge is documented to need the first only",
  ],
];

const EVERYTHING = parsePolicy(
  'AdministratorAccess',
  { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
  'identity',
);

let assembly: string;
let aws: LocalAws;
let log: CountedAuthorization[];
let policies: PolicySet;

beforeAll(async () => {
  assembly = mkdtempSync(join(tmpdir(), 'cdk-out-'));
  synthesize(assembly);
  aws = await startLocalAws({ onDiagnostic: () => undefined });
  const { outputs } = await aws.deploy(assembly);
  await liveOneLife(aws, outputs);
  log = await aws.authorizations();
  policies = await PolicySet.read(aws);
}, 300_000);
afterAll(async () => {
  await aws.close();
  rmSync(assembly, { recursive: true });
});

const isAllow = ({ statement }: Part): boolean => statement.Effect === 'Allow';
const isExcused = ({ name }: Part): boolean => NOT_EXERCISED.some(([pattern]) => pattern.test(name));

describe('the policies of the template', () => {
  it('allow everything that a whole life needs', () => {
    expect(log.filter(({ allowed }) => !allowed)).toEqual([]);
    expect(log.length).toBeGreaterThan(100);
  });

  it('are judged again from the log as they were judged when the calls were made', () => {
    expect(log.filter((line) => policies.allows(line) !== line.allowed)).toEqual([]);
  });

  it('hold no statement, action or resource that could be taken away', () => {
    const idle = policies
      .parts()
      .filter(isAllow)
      .filter((part) => {
        const less = part.without();
        return log.every((line) => less.allows(line));
      });
    expect(idle.filter((part) => !isExcused(part)).map(({ name }) => name)).toEqual([]);
  });

  it('have no excuse that is not used', () => {
    const names = policies.parts().map(({ name }) => name);
    expect(NOT_EXERCISED.filter(([pattern]) => !names.some((name) => pattern.test(name)))).toEqual([]);
  });

  /** A call of a role that may do everything, so that only a deny can stop it. */
  const asEverybody = (action: string, resource: string, context: Record<string, string>) => {
    const caller = log.find((line) => line.caller.startsWith('arn:'))?.caller ?? '';
    const extra = { kind: 'identity', holder: caller, policy: EVERYTHING } as const;
    const line = { caller, action, resource, context, allowed: true, reason: '', at: 0, count: 1 };
    return { allowedBy: (set: PolicySet): boolean => set.with(extra).allows(line) };
  };

  it('deny over plain HTTP what they allow over TLS, each by its own statement', () => {
    const denials = policies
      .parts()
      .filter((part) => !isAllow(part) && part.statement.Condition !== undefined);
    expect(denials.length).toBeGreaterThan(5);
    for (const part of denials) {
      const { statement, name } = part;
      const calls = (statement.Resource ?? []).flatMap((resource) =>
        (statement.Action ?? []).map(
          (action) => [action.replace('*', 'Read'), resource.replace('*', 'x')] as const,
        ),
      );
      const stops = calls.filter(([action, resource]) => {
        const [plain, tls] = ['false', 'true'].map((secure) =>
          asEverybody(action, resource, { 'aws:SecureTransport': secure }),
        );
        expect(tls?.allowedBy(policies), name).toBe(true);
        expect(plain?.allowedBy(policies), name).toBe(false);
        return plain?.allowedBy(part.without()) === true;
      });
      expect(stops, name).not.toEqual([]);
    }
  });

  it('let the sample role do nothing, whatever else is attached to it', () => {
    const [deny] = policies.parts().filter(({ name }) => name.includes('DenyEverything'));
    if (deny === undefined) throw new Error('the sample role has no DenyEverything');
    const [line] = log;
    if (line === undefined) throw new Error('the log is empty');
    const call = {
      ...line,
      caller: deny.holder,
      action: 's3:GetObject',
      resource: 'arn:aws:s3:::somewhere/x',
    };
    const extra = { kind: 'identity', holder: deny.holder, policy: EVERYTHING } as const;
    expect(policies.with(extra).allows(call)).toBe(false);
    expect(deny.without().with(extra).allows(call)).toBe(true);
  });
});
