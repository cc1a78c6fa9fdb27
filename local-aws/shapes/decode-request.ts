/** From the wire to the members of an operation's input, as each protocol of AWS writes them. */
import type { HttpRequest, Json, JsonObject } from '../platform.ts';
import { membersOf, shapeOf } from './model.ts';
import type { Member, OperationEntry, ServiceModel, ShapeEntry } from './model.ts';
import { fromText } from './scalars.ts';

export interface Decoded {
  readonly input: JsonObject;
  /** What the request carries and the model does not know: headers, query parameters, form fields. */
  readonly unknown: readonly string[];
}

/** Of the signature, the client and the protocols themselves. */
const COMMON_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-expected-bucket-owner',
  'x-amz-security-token',
  'x-amz-target',
  'x-amz-trailer',
  'x-amz-user-agent',
  'x-amzn-query-mode',
  'x-amzn-trace-id',
]);

export function decodeRequest(
  service: ServiceModel,
  operation: OperationEntry,
  request: HttpRequest,
): Decoded {
  const shape: ShapeEntry =
    operation.input === undefined ? { type: 'structure' } : shapeOf(service, operation.input);
  if (service.protocol === 'query') return fromForm(service, shape, request);
  const members = membersOf(shape);
  const unknown = unknownHeaders(members, request);
  if (service.protocol === 'json') {
    unknown.push(...unknownParameters([], new Set(), request));
    return { input: jsonBody(request), unknown };
  }
  const fixed = new Set(new URLSearchParams(operation.http[1].split('?')[1]).keys());
  unknown.push(...unknownParameters(members, fixed, request));
  return {
    input: { ...restBody(shape, members, request), ...located(service, operation, members, request) },
    unknown,
  };
}

function unknownHeaders(members: readonly [string, Member][], request: HttpRequest): string[] {
  const known = members
    .filter(([, member]) => member.location === 'header')
    .map(([, { name }]) => name.toLowerCase());
  const prefixes = members
    .filter(([, member]) => member.location === 'headers')
    .map(([, { name }]) => name.toLowerCase());
  return Object.keys(request.headers)
    .filter(
      (name) =>
        /^x-amzn?-/.test(name) &&
        !COMMON_HEADERS.has(name) &&
        !known.includes(name) &&
        !prefixes.some((prefix) => name.startsWith(prefix)),
    )
    .map((name) => `header ${name}`);
}

function unknownParameters(
  members: readonly [string, Member][],
  fixed: ReadonlySet<string>,
  request: HttpRequest,
): string[] {
  const inQuery = members.filter(([, { location }]) => location === 'querystring');
  return [...new Set(request.query.keys())]
    .filter(
      (name) =>
        // Presigned requests carry their signature here; clients of S3 name the operation in x-id.
        !name.startsWith('X-Amz-') &&
        name !== 'x-id' &&
        !fixed.has(name) &&
        !inQuery.some(([, member]) => member.name === name),
    )
    .map((name) => `query parameter ${name}`);
}

function jsonBody(request: HttpRequest): JsonObject {
  if (request.body.length === 0) return {};
  const parsed = JSON.parse(request.body.toString('utf8')) as Json; // JSON.parse gives JSON; its type says less.
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new SyntaxError('the body is not a JSON object');
}

function restBody(shape: ShapeEntry, members: readonly [string, Member][], request: HttpRequest): JsonObject {
  // A payload is the caller's own bytes, not ours to judge.
  if (shape.payload !== undefined) return request.body.length === 0 ? {} : { [shape.payload]: '' };
  if (request.body.length === 0) return {};
  const names = new Map(
    members.filter(([, { location }]) => location === 'body').map(([key, { name }]) => [name, key]),
  );
  return Object.fromEntries(
    Object.entries(jsonBody(request)).map(([name, value]) => [names.get(name) ?? name, value]),
  );
}

function located(
  service: ServiceModel,
  operation: OperationEntry,
  members: readonly [string, Member][],
  request: HttpRequest,
): JsonObject {
  const fromPath = matchUri(operation.http[1], request.path) ?? {};
  const found: JsonObject = {};
  for (const [key, { location, name, shape }] of members) {
    if (location === 'uri') {
      const value = fromPath[name];
      if (value !== undefined) found[key] = fromText(service, shape, value);
    } else if (location === 'header') {
      const value = request.headers[name.toLowerCase()];
      if (value !== undefined) found[key] = fromText(service, shape, value);
    } else if (location === 'querystring' && request.query.has(name)) {
      const values = request.query.getAll(name);
      const entry = shapeOf(service, shape);
      found[key] =
        entry.type === 'list'
          ? values.map((value) => fromText(service, entry.member ?? 'string', value))
          : fromText(service, shape, values[0] ?? '');
    }
  }
  return found;
}

const uris = new Map<string, { expression: RegExp; names: string[] }>();

/** `{name}` takes one segment of the path, `{name+}` the rest. Undefined: the path is another one. */
export function matchUri(uri: string, path: string): Record<string, string> | undefined {
  let compiled = uris.get(uri);
  if (compiled === undefined) {
    const names: string[] = [];
    const source = (uri.split('?')[0] ?? '').replace(
      /\{(\w+)(\+?)\}/g,
      (_all, name: string, rest: string) => {
        names.push(name);
        return rest === '+' ? '(.+)' : '([^/]+)';
      },
    );
    compiled = { expression: new RegExp(`^${source}/?$`), names };
    uris.set(uri, compiled);
  }
  const match = compiled.expression.exec(path);
  if (match === null) return undefined;
  return Object.fromEntries(
    compiled.names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]),
  );
}

interface Field {
  value?: string;
  readonly children: Map<string, Field>;
}

function fromForm(service: ServiceModel, shape: ShapeEntry, request: HttpRequest): Decoded {
  const form = request.method === 'GET' ? request.query : new URLSearchParams(request.body.toString('utf8'));
  const root: Field = { children: new Map() };
  for (const [name, value] of form) {
    if (name === 'Action' || name === 'Version' || name.startsWith('X-Amz-')) continue;
    let field = root;
    for (const part of name.split('.')) {
      const next: Field = field.children.get(part) ?? { children: new Map() };
      field.children.set(part, next);
      field = next;
    }
    field.value = value;
  }
  const input = structureOf(service, shape, root);
  return { input, unknown: unknownHeaders([], request) };
}

function fieldValue(service: ServiceModel, shapeName: string, field: Field): Json {
  const shape = shapeOf(service, shapeName);
  if (shape.type === 'structure') return structureOf(service, shape, field);
  if (shape.type === 'list') {
    const items = field.children.get(shape.itemName ?? 'member') ?? { children: new Map<string, Field>() };
    return inOrder(items).map((item) => fieldValue(service, shape.member ?? 'string', item));
  }
  if (shape.type === 'map') {
    const entries = inOrder(field.children.get('entry') ?? field).map((entry): [string, Json] => [
      entry.children.get(shape.keyName ?? 'key')?.value ?? '',
      fieldValue(
        service,
        shape.value ?? 'string',
        entry.children.get(shape.valueName ?? 'value') ?? { children: new Map<string, Field>() },
      ),
    ]);
    return Object.fromEntries(entries);
  }
  return fromText(service, shapeName, field.value ?? '');
}

function structureOf(service: ServiceModel, shape: ShapeEntry, field: Field): JsonObject {
  const names = new Map(membersOf(shape).map(([key, member]) => [member.name, { key, shape: member.shape }]));
  return Object.fromEntries(
    [...field.children].map(([name, child]) => {
      const known = names.get(name);
      return known === undefined
        ? [name, child.value ?? {}]
        : [known.key, fieldValue(service, known.shape, child)];
    }),
  );
}

function inOrder(parent: Field): Field[] {
  return [...parent.children].sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => child);
}
