/**
 * IAM Roles Anywhere: trust anchors, profiles, imported revocation lists, and CreateSession with the full verification of
 * the X.509 signature, the chain, revocation and the role's trust policy.
 */
import { randomUUID } from 'node:crypto';
import { restJson } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { HttpRequest, HttpResponse, Platform, Service } from '../../platform.ts';
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
    operations: { ...readOperations(platform, state), ...crlOperations(platform, state) },
    access: platform.access,
    rest: { resources: rolesAnywhereResources(platform, state) },
  });
  return {
    ...service,
    // CreateSession is authorised by its certificate, not by the caller, and needs the request as it came.
    handle: async (request, caller) =>
      request.method === 'POST' && request.path === '/sessions'
        ? answerSession(platform, state, request)
        : service.handle(request, caller),
  };
}

function answerSession(platform: Platform, state: State, request: HttpRequest): HttpResponse {
  const headers = {
    'content-type': 'application/json',
    'x-amzn-requestid': randomUUID(),
    'x-local-operation': 'CreateSession',
  };
  try {
    return { status: 201, headers, body: JSON.stringify(createSession(platform, state, request)) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, message, status } = error;
    return { status, headers: { ...headers, 'x-amzn-errortype': code }, body: JSON.stringify({ message }) };
  }
}
