/**
 * Identity and access of the local AWS: roles and policies, temporary credentials, and a log of every permission that was
 * needed. Calls of functions and services are judged and logged but go through, so that a missing permission shows up as a
 * line of the log and not as an outage of the demo; sessions from Roles Anywhere are refused for real, as their limits are
 * what an operator wants to see. `enforce` refuses everybody.
 */
import { AwsError } from '../platform.ts';
import type { Access, Caller, Clock, JsonObject, Session } from '../platform.ts';
import { createAuthorizationLog } from './authorization-log.ts';
import type { AuthorizationLog } from './authorization-log.ts';
import { callerContext } from './caller-context.ts';
import { createDirectory } from './directory.ts';
import type { Directory } from './directory.ts';
import { judge, judgeTrust } from './judge.ts';
import type { Policies } from './judge.ts';
import { parsePolicy } from './policy.ts';
import type { Policy } from './policy.ts';
import { createSessions } from './sessions.ts';
import type { IssuedKey } from './sessions.ts';

export interface AccessOptions {
  readonly clock: Clock;
  readonly partition: string;
  readonly accountId: string;
  /** Refuse what the policies refuse, for functions and services too. */
  readonly enforce?: boolean;
}

export interface ListedResourcePolicy {
  readonly resource: string;
  readonly statementId: string;
  readonly document: JsonObject;
}

/** `Access` plus what the gateway, the IAM resources and the controls need. */
export interface LocalAccess extends Access {
  readonly directory: Directory;
  readonly log: AuthorizationLog;
  /** The issued access key, also when it has expired; undefined for a key this AWS never issued. */
  issuedKey(accessKeyId: string): IssuedKey | undefined;
  /** Whether the key expired so long ago that nothing else is known of it. */
  hasForgotten(accessKeyId: string): boolean;
  /** Every policy on a queue, topic, bucket, key or function, for tests that remove one statement at a time. */
  resourcePolicies(): ListedResourcePolicy[];
  setEnforced(enforced: boolean): void;
}

export function createAccess(options: AccessOptions): LocalAccess {
  const { clock, partition, accountId } = options;
  const directory = createDirectory({ partition, accountId });
  const sessions = createSessions({ clock, partition, accountId });
  const log = createAuthorizationLog(clock);
  const resourcePolicies = new Map<string, Map<string, { policy: Policy; document: JsonObject }>>();
  let enforced = options.enforce ?? false;

  function sessionOf(caller: Caller): Session | undefined {
    return caller.kind === 'role' ? sessions.find(caller.accessKeyId)?.session : undefined;
  }

  const policies: Policies = {
    identity: (roleArn) => directory.policiesOf(roleArn),
    resource: (arn) => [...(resourcePolicies.get(arn)?.values() ?? [])].map(({ policy }) => policy),
    trust: (roleArn) => directory.trustOf(roleArn),
  };

  function narrowedBy(session: Session | undefined): Policy[] | undefined {
    return session?.sessionPolicies?.map((document, index) =>
      parsePolicy(`session policy ${String(index)}`, document, 'identity'),
    );
  }

  function isEnforced(caller: Caller): boolean {
    if (enforced) return true;
    // Roles Anywhere always sets a source identity; sessions of functions never have one.
    return sessionOf(caller)?.sourceIdentity !== undefined;
  }

  return {
    directory,
    log,
    issuedKey: (accessKeyId) => sessions.find(accessKeyId),
    hasForgotten: (accessKeyId) => sessions.hasForgotten(accessKeyId),
    issue: (session: Session) => sessions.issue(session),
    resourcePolicies: () =>
      [...resourcePolicies].flatMap(([resource, attached]) =>
        [...attached].map(([statementId, { document }]) => ({ resource, statementId, document })),
      ),
    setEnforced(value) {
      enforced = value;
    },
    mayAssume(roleArn, service, action, context) {
      const caller: Caller = { kind: 'service', service };
      const request = {
        caller,
        action,
        resource: roleArn,
        context: { ...context, 'aws:PrincipalServiceName': service },
      };
      const verdict = judgeTrust(request, policies);
      log.add({ caller: service, action, resource: roleArn, context: request.context, ...verdict });
      return verdict;
    },
    authorize(caller, needed) {
      if (caller.kind === 'administrator') return;
      const who = caller.kind === 'role' ? caller.roleArn : caller.service;
      for (const one of needed) {
        const session = sessionOf(caller);
        const context = { ...callerContext(caller, accountId, session), ...one.context };
        const request = { caller, action: one.action, resource: one.resource, context };
        const verdict = judge(request, policies, narrowedBy(session));
        log.add({ caller: who, action: one.action, resource: one.resource, context, ...verdict });
        if (!verdict.allowed && isEnforced(caller)) {
          const name = caller.kind === 'role' ? caller.arn : caller.service;
          throw new AwsError(
            'AccessDeniedException',
            `User: ${name} is not authorized to perform: ${one.action} on resource: ${one.resource} (${verdict.reason})`,
            403,
          );
        }
      }
    },
    attachResourcePolicy(resourceArn, statementId, document: JsonObject | undefined) {
      const attached =
        resourcePolicies.get(resourceArn) ?? new Map<string, { policy: Policy; document: JsonObject }>();
      resourcePolicies.set(resourceArn, attached);
      if (document === undefined) attached.delete(statementId);
      else {
        const policy = parsePolicy(`${statementId} on ${resourceArn}`, document, 'resource');
        attached.set(statementId, { policy, document });
      }
    },
  };
}
