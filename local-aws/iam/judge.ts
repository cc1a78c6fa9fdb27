/** One needed permission against all policies that apply to it. Pure: a recorded log can be judged again by other policies. */
import type { Verdict } from '../platform.ts';
import { bearsPolicy } from './caller-context.ts';
import { evaluate, evaluateTrust } from './evaluate.ts';
import type { AccessRequest } from './evaluate.ts';
import type { Policy } from './policy.ts';

export interface Policies {
  /** Of a role, by its ARN. */
  identity(roleArn: string): readonly Policy[];
  /** On a resource, by its ARN; objects of S3 are governed by their bucket. */
  resource(arn: string): readonly Policy[];
  trust(roleArn: string): Policy | undefined;
}

export function judge(request: AccessRequest, policies: Policies, session?: readonly Policy[]): Verdict {
  const { caller, resource } = request;
  const attached = policies.resource(/^arn:[^:]*:s3:::[^/]+/.exec(resource)?.[0] ?? resource);
  if (caller.kind === 'service' && attached.length === 0 && !bearsPolicy(resource)) {
    return { allowed: true, reason: `${caller.service} uses its service-linked role` };
  }
  const identity = caller.kind === 'role' ? policies.identity(caller.roleArn) : [];
  return evaluate(request, { identity, session, resource: attached });
}

export function judgeTrust(request: AccessRequest, policies: Policies): Verdict {
  const trust = policies.trust(request.resource);
  if (trust === undefined) return { allowed: false, reason: `there is no role ${request.resource}` };
  return evaluateTrust(request, trust);
}
