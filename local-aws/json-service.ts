/**
 * The two JSON protocols of AWS as small tables: `awsJson` (POST / with X-Amz-Target) and `restJson` (method and path).
 * An operation is a strict schema, the permissions it needs, and a function. What no schema names is refused by name.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AwsError } from './platform.ts';
import type {
  Access,
  Authorization,
  Caller,
  HttpRequest,
  HttpResponse,
  Json,
  JsonObject,
  Service,
} from './platform.ts';

export interface Operation {
  run(input: JsonObject, caller: Caller, access: Access): Promise<JsonObject>;
}

/**
 * Declares one operation. `input` must be a strict object schema (`z.strictObject`); blobs are base64 text and times are
 * epoch seconds, as on the wire.
 */
export function operation<I>(definition: {
  readonly input: z.ZodType<I>;
  readonly needs: (input: I) => readonly Authorization[];
  readonly run: (input: I, caller: Caller) => Promise<JsonObject> | JsonObject;
  /** Error code for malformed input where the service does not use ValidationException. */
  readonly invalidCode?: string;
}): Operation {
  return {
    async run(input, caller, access) {
      const parsed = parseStrictly(definition.input, input, definition.invalidCode);
      access.authorize(caller, definition.needs(parsed));
      return definition.run(parsed, caller);
    },
  };
}

/** Parses with a strict schema; every problem is named in one ValidationException. */
export function parseStrictly<I>(schema: z.ZodType<I>, input: Json, invalidCode = 'ValidationException'): I {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
  throw new AwsError(invalidCode, problems.join('; '));
}

export function awsJson(definition: {
  readonly scope: string;
  /** e.g. `ACMPrivateCA` */
  readonly targetPrefix: string;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly access: Access;
  readonly rest?: Partial<Service>;
}): Service {
  const { scope, operations, access } = definition;
  const run = runner(scope, operations, access);
  return {
    scope,
    operations: Object.keys(operations),
    ...definition.rest,
    call: run,
    async handle(request, caller) {
      return answer(async () => {
        const target = request.headers['x-amz-target'] ?? '';
        const [prefix, name] = target.split('.');
        if (prefix !== definition.targetPrefix || name === undefined) throw unknownOperation(scope, target);
        return { status: 200, output: await run(name, parseBody(request.body), caller) };
      }, 'application/x-amz-json-1.1');
    },
  };
}

/** `{name}` takes one path segment, `{name+}` the rest of the path; both are percent-decoded into the input. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: string;
  /** Success status; 200 unless told. */
  readonly status?: number;
  /** Query parameter → input member; a query parameter not listed is refused. */
  readonly query?: Readonly<Record<string, string>>;
}

export function restJson(definition: {
  readonly scope: string;
  readonly routes: readonly Route[];
  readonly operations: Readonly<Record<string, Operation>>;
  readonly access: Access;
  readonly rest?: Partial<Service>;
}): Service {
  const { scope, operations, access } = definition;
  const run = runner(scope, operations, access);
  return {
    scope,
    operations: Object.keys(operations),
    call: run,
    operationName: (request) =>
      definition.routes.find(
        (route) => route.method === request.method && matchPath(route.path, request.path) !== undefined,
      )?.operation,
    async handle(request, caller) {
      let operation = `${request.method} ${request.path}`;
      const response = await answer(async () => {
        const { route, input } = matchRoute(scope, definition.routes, request);
        operation = route.operation;
        return { status: route.status ?? 200, output: await run(route.operation, input, caller) };
      }, 'application/json');
      // The gateway logs the operation's name from this header and takes it off.
      return { ...response, headers: { ...response.headers, 'x-local-operation': operation } };
    },
    ...definition.rest,
  };
}

function runner(
  scope: string,
  operations: Readonly<Record<string, Operation>>,
  access: Access,
): Service['call'] {
  return async (name, input, caller) => {
    const found = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (found === undefined) throw unknownOperation(scope, name);
    return found.run(input, caller, access);
  };
}

function matchRoute(
  scope: string,
  routes: readonly Route[],
  request: HttpRequest,
): { route: Route; input: JsonObject } {
  for (const route of routes) {
    const fromPath = route.method === request.method ? matchPath(route.path, request.path) : undefined;
    if (fromPath === undefined) continue;
    const fromQuery: JsonObject = {};
    for (const [key, value] of request.query) {
      const member = route.query?.[key];
      if (member === undefined)
        throw new AwsError(
          'ValidationException',
          `query parameter ${key} of ${route.operation} is not supported by the local AWS`,
        );
      const already = fromQuery[member];
      fromQuery[member] =
        already === undefined ? value : [...(Array.isArray(already) ? already : [already]), value];
    }
    return { route, input: { ...parseBody(request.body), ...fromQuery, ...fromPath } };
  }
  throw unknownOperation(scope, `${request.method} ${request.path}`);
}

function matchPath(pattern: string, path: string): JsonObject | undefined {
  const names: string[] = [];
  const source = pattern.replace(/\{(\w+)(\+?)\}/g, (_all, name: string, rest: string) => {
    names.push(name);
    return rest === '+' ? '(.+)' : '([^/]+)';
  });
  const match = new RegExp(`^${source}/?$`).exec(path);
  if (match === null) return undefined;
  return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]));
}

function parseBody(body: Buffer): JsonObject {
  if (body.length === 0) return {};
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(body.toString('utf8')));
  } catch {
    throw new AwsError('SerializationException', 'the request body is not a JSON object');
  }
}

function unknownOperation(scope: string, name: string): AwsError {
  return new AwsError(
    'UnknownOperationException',
    `the local AWS has no operation ${JSON.stringify(name)} of ${scope}`,
    404,
  );
}

async function answer(
  run: () => Promise<{ status: number; output: JsonObject }>,
  contentType: string,
): Promise<HttpResponse> {
  const headers = { 'content-type': contentType, 'x-amzn-requestid': randomUUID() };
  try {
    const { status, output } = await run();
    return { status, headers, body: JSON.stringify(output) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      status: error.status,
      headers: { ...headers, 'x-amzn-errortype': error.code },
      body: JSON.stringify({ __type: error.code, message: error.message, ...error.members }),
    };
  }
}
