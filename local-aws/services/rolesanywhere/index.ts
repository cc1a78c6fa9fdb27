/**
 * IAM Roles Anywhere: trust anchors, profiles, imported revocation lists, and CreateSession with the full verification of
 * the X.509 signature, the chain, revocation and the role's trust policy.
 */
import { randomUUID } from 'node:crypto';
import { restJson } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { HttpRequest, HttpResponse, Platform, Service } from '../../platform.ts';
import { createRateLimit, limitedTogether } from '../../rate-limit.ts';
import type { RateLimit } from '../../rate-limit.ts';
import { createSession } from './create-session.ts';
import { crlOperations } from './crls.ts';
import { readOperations, routes } from './operations.ts';
import { rolesAnywhereResources } from './resources.ts';
import { createState } from './state.ts';
import type { State } from './state.ts';

export function createRolesAnywhereService(platform: Platform): Service {
  const state = createState();
  const service = restJson({
    scope: 'rolesanywhere',
    routes,
    operations: withQuotas(platform, {
      ...readOperations(platform, state),
      ...crlOperations(platform, state),
    }),
    access: platform.access,
    rest: { resources: rolesAnywhereResources(platform, state) },
  });
  const sessions = createRateLimit(platform.clock, LIMITS.createSessionRate.value);
  return {
    ...service,
    operations: [...(service.operations ?? []), 'CreateSession'],
    // CreateSession is authorised by its certificate, not by the caller, and needs the request as it came.
    handle: async (request, caller) =>
      request.method === 'POST' && request.path === '/sessions'
        ? answerSession(platform, state, sessions, request)
        : service.handle(request, caller),
  };
}

/** One call per second for each kind of resource, all its operations together. */
function withQuotas(platform: Platform, operations: Record<string, Operation>): Record<string, Operation> {
  return ['Crl', 'Subject', 'TrustAnchor', 'Profile'].reduce(
    (all, kind) =>
      limitedTogether(
        createRateLimit(platform.clock, LIMITS.rolesAnywhereRate.value),
        new RegExp(`${kind}s?$`),
        all,
      ),
    operations,
  );
}

function answerSession(
  platform: Platform,
  state: State,
  sessions: RateLimit,
  request: HttpRequest,
): HttpResponse {
  const headers = {
    'content-type': 'application/json',
    'x-amzn-requestid': randomUUID(),
    'x-local-operation': 'CreateSession',
  };
  try {
    sessions.take();
    return { status: 201, headers, body: JSON.stringify(createSession(platform, state, request)) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, message, status } = error;
    return { status, headers: { ...headers, 'x-amzn-errortype': code }, body: JSON.stringify({ message }) };
  }
}
