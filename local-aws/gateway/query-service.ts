/** The query protocol (form in, XML out) over the same operations as the JSON protocols: SNS, STS, IAM. */
import { randomUUID } from 'node:crypto';
import type { Operation } from '../json-service.ts';
import { AwsError } from '../platform.ts';
import type { Access, HttpResponse, Json, JsonObject, Service } from '../platform.ts';
import { escapeXml, toXml } from './xml.ts';

export interface QueryDefinition {
  readonly scope: string;
  /** The namespace of answers, e.g. `http://sns.amazonaws.com/doc/2010-03-31/`. */
  readonly namespace: string;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly access: Access;
  /** Output members that are maps on the wire. */
  readonly maps?: readonly string[];
  readonly rest?: Partial<Service>;
}

/** All values of a form are text, so the schemas of its operations must take numbers and booleans as text too. */
export function queryService(definition: QueryDefinition): Service {
  const { scope, namespace, operations, access } = definition;
  const maps = new Set(definition.maps);

  async function call(...[name, input, caller]: Parameters<Service['call']>): Promise<JsonObject> {
    const found = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (found === undefined)
      throw new AwsError('InvalidAction', `the local AWS has no operation ${name} of ${scope}`);
    return found.run(input, caller, access);
  }

  return {
    scope,
    operations: Object.keys(operations),
    ...definition.rest,
    call,
    async handle(request, caller) {
      const requestId = randomUUID();
      const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
      try {
        const form = new URLSearchParams(
          request.method === 'GET' ? request.query : request.body.toString('utf8'),
        );
        const name = form.get('Action') ?? '';
        const result = toXml(await call(name, formToJson(form), caller), maps);
        const body = `<${name}Response xmlns="${namespace}"><${name}Result>${result}</${name}Result>${metadata}</${name}Response>`;
        return { status: 200, headers: { 'content-type': 'text/xml' }, body };
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        return queryError(error, namespace, requestId);
      }
    },
  };
}

/** An error as the query protocol sends it. */
export function queryError(error: AwsError, namespace: string, requestId: string): HttpResponse {
  const type = error.status >= 500 ? 'Receiver' : 'Sender';
  const detail = `<Type>${type}</Type><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>`;
  return {
    status: error.status,
    headers: { 'content-type': 'text/xml', 'x-amzn-errortype': error.code },
    body: `<ErrorResponse xmlns="${namespace}"><Error>${detail}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}

interface Node {
  value?: string;
  readonly children: Map<string, Node>;
}

/** `Tags.member.1.Key=a` → `{Tags: [{Key: 'a'}]}`; `Attributes.entry.1.key=…` → a map. */
function formToJson(form: URLSearchParams): JsonObject {
  const root: Node = { children: new Map() };
  for (const [name, value] of form) {
    if (name === 'Action' || name === 'Version' || name.startsWith('X-Amz-')) continue;
    let node = root;
    for (const part of name.split('.')) {
      const next: Node = node.children.get(part) ?? { children: new Map() };
      node.children.set(part, next);
      node = next;
    }
    node.value = value;
  }
  const json = toJson(root);
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}

function toJson(node: Node): Json {
  if (node.children.size === 0) return node.value ?? '';
  const list = node.children.get('member');
  if (list !== undefined) return ordered(list).map(toJson);
  const map = node.children.get('entry');
  if (map !== undefined) {
    return Object.fromEntries(ordered(map).map((entry) => [entryKey(entry), entryValue(entry)]));
  }
  return Object.fromEntries([...node.children].map(([name, child]) => [name, toJson(child)]));
}

function entryKey(entry: Node): string {
  return entry.children.get('key')?.value ?? entry.children.get('Name')?.value ?? '';
}

function entryValue(entry: Node): Json {
  const value = entry.children.get('value') ?? entry.children.get('Value');
  return value === undefined ? '' : toJson(value);
}

function ordered(parent: Node): Node[] {
  return [...parent.children].sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => child);
}
