/** Roles and policies as the template declared them. */
import { AwsError } from '../platform.ts';
import type { Json, JsonObject } from '../platform.ts';
import { AWS_MANAGED_POLICIES } from './aws-managed-policies.ts';
import { parsePolicy } from './policy.ts';
import type { Policy } from './policy.ts';
import { base32 } from './sessions.ts';

export interface Role {
  readonly roleName: string;
  readonly roleId: string;
  readonly arn: string;
  readonly maxSessionDuration: number;
}

export interface Directory {
  putRole(role: { roleName: string; path: string; trust: Json; maxSessionDuration: number }): Role;
  role(roleArn: string): Role | undefined;
  /** Puts an inline policy into a role; an existing one of this name is replaced. */
  putRolePolicy(roleName: string, policyName: string, document: Json): void;
  putManagedPolicy(policyName: string, path: string, document: Json): string;
  attachManagedPolicy(roleName: string, policyArn: string): void;
  policiesOf(roleArn: string): readonly Policy[];
  trustOf(roleArn: string): Policy | undefined;
  /** Everything, for tests that remove one statement at a time. */
  list(): ListedRole[];
}

export interface ListedRole extends Role {
  readonly trust: Json;
  /** By name of the inline policy or ARN of the managed one. */
  readonly policies: Readonly<Record<string, Json>>;
}

interface Stored extends Role {
  readonly trust: Policy;
  readonly trustDocument: Json;
  readonly inline: Map<string, { policy: Policy; document: Json }>;
  readonly managed: Set<string>;
}

export function createDirectory(options: { partition: string; accountId: string }): Directory {
  const roles = new Map<string, Stored>();
  const managed = new Map<string, { policy: Policy; document: Json }>();
  const arnOf = (kind: string, path: string, name: string): string =>
    `arn:${options.partition}:iam::${options.accountId}:${kind}${path}${name}`;

  function byName(roleName: string): Stored {
    const found = roles.get(roleName);
    if (found === undefined) throw new AwsError('NoSuchEntity', `there is no role named ${roleName}`, 404);
    return found;
  }
  const byArn = (roleArn: string): Stored | undefined =>
    [...roles.values()].find((role) => role.arn === roleArn);

  function managedPolicy(arn: string): { policy: Policy; document: Json } {
    const own = managed.get(arn);
    if (own !== undefined) return own;
    const name = /^arn:[^:]*:iam::aws:policy\/(.+)$/.exec(arn)?.[1] ?? '';
    const document = AWS_MANAGED_POLICIES[name];
    if (document === undefined) {
      throw new AwsError('NoSuchEntity', `the local AWS does not know the managed policy ${arn}`, 404);
    }
    return { policy: parsePolicy(name, document, 'identity'), document };
  }

  return {
    putRole({ roleName, path, trust, maxSessionDuration }) {
      if (roles.has(roleName)) {
        throw new AwsError('EntityAlreadyExists', `a role named ${roleName} exists already`, 409);
      }
      const role: Stored = {
        roleName,
        roleId: `AROA${base32(17)}`,
        arn: arnOf('role', path, roleName),
        maxSessionDuration,
        trust: parsePolicy(`trust of ${roleName}`, trust, 'trust'),
        trustDocument: trust,
        inline: new Map(),
        managed: new Set(),
      };
      roles.set(roleName, role);
      return role;
    },
    role: byArn,
    putRolePolicy(roleName, policyName, document) {
      const policy = parsePolicy(`${roleName}/${policyName}`, document, 'identity');
      byName(roleName).inline.set(policyName, { policy, document });
    },
    putManagedPolicy(policyName, path, document) {
      const arn = arnOf('policy', path, policyName);
      managed.set(arn, { policy: parsePolicy(policyName, document, 'identity'), document });
      return arn;
    },
    attachManagedPolicy(roleName, policyArn) {
      managedPolicy(policyArn);
      byName(roleName).managed.add(policyArn);
    },
    policiesOf(roleArn) {
      const role = byArn(roleArn);
      if (role === undefined) return [];
      return [
        ...[...role.inline.values()].map(({ policy }) => policy),
        ...[...role.managed].map((policyArn) => managedPolicy(policyArn).policy),
      ];
    },
    trustOf: (roleArn) => byArn(roleArn)?.trust,
    list: () =>
      [...roles.values()].map((role) => {
        const policies: JsonObject = {};
        for (const [name, { document }] of role.inline) policies[name] = document;
        for (const policyArn of role.managed) policies[policyArn] = managedPolicy(policyArn).document;
        const { roleName, roleId, arn, maxSessionDuration } = role;
        return { roleName, roleId, arn, maxSessionDuration, trust: role.trustDocument, policies };
      }),
  };
}
