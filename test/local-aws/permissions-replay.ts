/** Judges the recorded authorizations again with parts of the policies taken away. */
import type { Caller, Json, JsonObject } from '../../local-aws/platform.ts';
import type { CountedAuthorization, LocalAws } from '../../local-aws/index.ts';
import { judge, judgeTrust } from '../../local-aws/iam/judge.ts';
import type { Policies } from '../../local-aws/iam/judge.ts';
import { parsePolicy } from '../../local-aws/iam/policy.ts';
import type { Policy, PolicyKind, Statement } from '../../local-aws/iam/policy.ts';

/** One document of the template, where it is attached. */
interface Attached {
  readonly kind: PolicyKind;
  /** ARN of the role or the resource. */
  readonly holder: string;
  readonly policy: Policy;
}

/** A part of a statement that can be taken away. */
export interface Part {
  /** e.g. `CertIssue WriteLedger: dynamodb:PutItem`. */
  readonly name: string;
  readonly holder: string;
  readonly statement: Statement;
  /** The policies without it. */
  without(): PolicySet;
}

export class PolicySet {
  readonly #documents: readonly Attached[];
  constructor(documents: readonly Attached[]) {
    this.#documents = documents;
  }

  static async read(aws: LocalAws): Promise<PolicySet> {
    // Both controls are the local AWS's own and list what it parsed at deployment.
    const roles = (await aws.control('GET /_local/policies')) as {
      roleName: string;
      arn: string;
      trust: Json;
      policies: Record<string, Json>;
    }[];
    const resources = (await aws.control('GET /_local/resource-policies')) as {
      resource: string;
      statementId: string;
      document: JsonObject;
    }[];
    return new PolicySet([
      ...roles.flatMap(({ arn, roleName, trust, policies }): Attached[] => [
        { kind: 'trust', holder: arn, policy: parsePolicy(`trust of ${roleName}`, trust, 'trust') },
        ...Object.entries(policies).map(([, document]): Attached => ({
          kind: 'identity',
          holder: arn,
          policy: parsePolicy(roleName, document, 'identity'),
        })),
      ]),
      ...resources.map(({ resource, document }): Attached => ({
        kind: 'resource',
        holder: resource,
        policy: parsePolicy(resource.split(':').slice(5).join(':'), document, 'resource'),
      })),
    ]);
  }

  with(extra: Attached): PolicySet {
    return new PolicySet([...this.#documents, extra]);
  }

  /** Whether these policies allow what a line of the log needed. */
  allows(line: CountedAuthorization): boolean {
    const of = (kind: PolicyKind, holder: string): Policy[] =>
      this.#documents.filter((one) => one.kind === kind && one.holder === holder).map(({ policy }) => policy);
    const policies: Policies = {
      identity: (arn) => of('identity', arn),
      resource: (arn) => of('resource', arn),
      trust: (arn) => of('trust', arn)[0],
    };
    const { action, resource, context } = line;
    const request = { caller: callerOf(line.caller), action, resource, context };
    const assumes = action.startsWith('sts:') && policies.trust(resource) !== undefined;
    return (assumes ? judgeTrust(request, policies) : judge(request, policies)).allowed;
  }

  /** Every statement, and every action and resource of statements that have several. */
  parts(): Part[] {
    return this.#documents.flatMap((document, index) =>
      document.policy.statements.flatMap((statement, position) => {
        const { name } = document.policy;
        const label = `${name}, ${statement.Sid ?? `statement ${String(position)}`}`;
        const part = (what: string, left: Statement | undefined): Part => ({
          name: what === '' ? label : `${label}: ${what}`,
          holder: document.holder,
          statement,
          without: () => this.#replaced(index, position, left),
        });
        const lessOf = (key: 'Action' | 'Resource'): Part[] => {
          const values = statement[key] ?? [];
          return values.length < 2
            ? []
            : values.map((value) =>
                part(value, { ...statement, [key]: values.filter((one) => one !== value) }),
              );
        };
        return [part('', undefined), ...lessOf('Action'), ...lessOf('Resource')];
      }),
    );
  }

  #replaced(index: number, position: number, left: Statement | undefined): PolicySet {
    return new PolicySet(
      this.#documents.map((one, at) => {
        if (at !== index) return one;
        const statements = one.policy.statements.flatMap((statement, place) =>
          place !== position ? [statement] : left === undefined ? [] : [left],
        );
        return { ...one, policy: { ...one.policy, statements } };
      }),
    );
  }
}

function callerOf(name: string): Caller {
  if (!name.startsWith('arn:')) return { kind: 'service', service: name };
  return {
    kind: 'role',
    arn: `${name}/session`,
    roleArn: name,
    sessionName: 'session',
    accessKeyId: 'replayed',
  };
}
