/** The policy evaluation of one account: explicit deny, then identity and resource policies. Pure, so logs can be replayed. */
import type { Caller, Verdict } from '../platform.ts';
import { conditionHolds, contextOf, globMatches } from './conditions.ts';
import type { Context } from './conditions.ts';
import type { Policy, Statement } from './policy.ts';

export interface AccessRequest {
  readonly caller: Caller;
  readonly action: string;
  readonly resource: string;
  /** All condition keys, those of the request and those of the caller. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

export interface ApplicablePolicies {
  readonly identity: readonly Policy[];
  /** Undefined: the session was not narrowed. */
  readonly session: readonly Policy[] | undefined;
  readonly resource: readonly Policy[];
}

/** Judges one request. A caller of kind `service` has no identity policies: only the resource can let it in. */
export function evaluate(request: AccessRequest, policies: ApplicablePolicies): Verdict {
  const context = contextOf(request.context);
  const find = (list: readonly Policy[], effect: Statement['Effect'], trust: Trust): string | undefined =>
    findStatement(list, effect, request, context, trust);

  const denied =
    find(policies.identity, 'Deny', 'none') ??
    find(policies.session ?? [], 'Deny', 'none') ??
    find(policies.resource, 'Deny', 'delegated');
  if (denied !== undefined) return { allowed: false, reason: `denied by ${denied}` };

  // What names the session itself is not narrowed by the session's own policies.
  const bySession = find(policies.resource, 'Allow', 'session');
  if (bySession !== undefined) return { allowed: true, reason: `allowed by ${bySession}` };
  const byResource = find(policies.resource, 'Allow', 'direct');
  const byIdentity = find(policies.identity, 'Allow', 'none');
  const allowing = byResource ?? byIdentity;
  if (allowing === undefined) {
    return { allowed: false, reason: `no statement allows ${request.action} on ${request.resource}` };
  }
  if (policies.session !== undefined && find(policies.session, 'Allow', 'none') === undefined) {
    return {
      allowed: false,
      reason: `the session policy does not allow ${request.action} on ${request.resource}`,
    };
  }
  if (byResource !== undefined) return { allowed: true, reason: `allowed by ${byResource}` };
  // A key policy is the root of trust of its key: identity policies count only where it names the account.
  if (
    /^arn:[^:]*:kms:/.test(request.resource) &&
    find(policies.resource, 'Allow', 'delegated') === undefined
  ) {
    return {
      allowed: false,
      reason: `the key policy of ${request.resource} does not let identity policies decide`,
    };
  }
  return { allowed: true, reason: `allowed by ${allowing}` };
}

/** Judges a trust policy: who may take the role. */
export function evaluateTrust(request: AccessRequest, trust: Policy): Verdict {
  const context = contextOf(request.context);
  const denied = findStatement([trust], 'Deny', request, context, 'delegated');
  if (denied !== undefined) return { allowed: false, reason: `denied by ${denied}` };
  const allowed = findStatement([trust], 'Allow', request, context, 'delegated');
  return allowed === undefined
    ? { allowed: false, reason: `no statement of the trust policy ${trust.name} allows ${request.action}` }
    : { allowed: true, reason: `allowed by ${allowed}` };
}

/**
 * How a Principal is read. `none`: the statement has none. `session`: it must name the session or service. `direct`: it must name the caller. `delegated`: naming the
 * account is enough (a deny for the account hits everybody in it; an allow leaves the decision to identity policies).
 */
type Trust = 'none' | 'session' | 'direct' | 'delegated';

function findStatement(
  policies: readonly Policy[],
  effect: Statement['Effect'],
  request: AccessRequest,
  context: Context,
  trust: Trust,
): string | undefined {
  for (const policy of policies) {
    const index = policy.statements.findIndex(
      (statement) =>
        statement.Effect === effect &&
        (trust === 'none' || principalMatches(statement.Principal, request.caller, trust)) &&
        actionMatches(statement, request.action) &&
        resourceMatches(statement, request.resource, context) &&
        conditionHolds(statement.Condition, context),
    );
    if (index >= 0) return `${policy.name}, statement ${policy.statements[index]?.Sid ?? String(index)}`;
  }
  return undefined;
}

const NO_CONTEXT: Context = new Map();

function actionMatches(statement: Statement, action: string): boolean {
  const among = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => globMatches(pattern, action, NO_CONTEXT, 'i'));
  return statement.Action === undefined ? !among(statement.NotAction ?? []) : among(statement.Action);
}

function resourceMatches(statement: Statement, resource: string, context: Context): boolean {
  const among = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => globMatches(pattern, resource, context));
  if (statement.Resource !== undefined) return among(statement.Resource);
  // A trust policy has neither: it is about the role that holds it.
  return statement.NotResource === undefined || !among(statement.NotResource);
}

function principalMatches(principal: Statement['Principal'], caller: Caller, trust: Trust): boolean {
  if (principal === undefined) return false;
  if (caller.kind === 'service') {
    return principal.Service?.includes(caller.service) === true || principal.AWS?.includes('*') === true;
  }
  const named = principal.AWS ?? [];
  if (named.includes(caller.arn)) return true;
  if (trust === 'session') return false;
  if (named.includes('*') || (caller.kind === 'role' && named.includes(caller.roleArn))) return true;
  const account = caller.arn.split(':')[4] ?? '';
  return trust === 'delegated' && named.some((one) => one === account || one.endsWith(`::${account}:root`));
}
