/** From an answer on the wire to the members of an operation's output. */
import type { HttpResponse, Json, JsonObject } from '../platform.ts';
import { membersOf, shapeOf } from './model.ts';
import type { Member, OperationEntry, ServiceModel, ShapeEntry } from './model.ts';
import { fromText } from './scalars.ts';
import { parseXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

export function decodeResponse(
  service: ServiceModel,
  operation: OperationEntry,
  name: string,
  response: HttpResponse,
): JsonObject {
  const shape: ShapeEntry =
    operation.output === undefined ? { type: 'structure' } : shapeOf(service, operation.output);
  const body = (): string => response.body.toString();
  switch (service.protocol) {
    case 'json':
      return object(JSON.parse(body()) as Json); // JSON.parse gives JSON; its type says less.
    case 'query':
      return queryResult(service, operation, shape, parseXml(body()), name);
    case 'rest-json': {
      const members = membersOf(shape);
      const content =
        shape.payload === undefined && response.body.length > 0 ? object(JSON.parse(body()) as Json) : {};
      return { ...rename(members, content), ...located(service, members, response) };
    }
    case 'rest-xml': {
      const members = membersOf(shape);
      const inBody = members.some(([, { location }]) => location === 'body') && shape.payload === undefined;
      const content = inBody && response.body.length > 0 ? structureOf(service, shape, parseXml(body())) : {};
      return { ...content, ...located(service, members, response) };
    }
  }
}

function object(value: Json): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new SyntaxError('the body is not a JSON object');
}

function rename(members: readonly [string, Member][], content: JsonObject): JsonObject {
  const names = new Map(
    members.filter(([, { location }]) => location === 'body').map(([key, { name }]) => [name, key]),
  );
  return Object.fromEntries(Object.entries(content).map(([name, value]) => [names.get(name) ?? name, value]));
}

function located(
  service: ServiceModel,
  members: readonly [string, Member][],
  response: HttpResponse,
): JsonObject {
  const found: JsonObject = {};
  for (const [key, { location, name, shape }] of members) {
    const value = location === 'header' ? response.headers[name.toLowerCase()] : undefined;
    if (value !== undefined) found[key] = fromText(service, shape, value);
    if (location === 'statusCode') found[key] = response.status;
  }
  return found;
}

function queryResult(
  service: ServiceModel,
  operation: OperationEntry,
  shape: ShapeEntry,
  root: XmlElement,
  name: string,
): JsonObject {
  if (root.name !== `${name}Response`) throw new SyntaxError(`the root element is ${root.name}`);
  const result =
    operation.result === undefined ? root : root.children.find((one) => one.name === operation.result);
  if (result === undefined) throw new SyntaxError(`there is no element ${String(operation.result)}`);
  if (!root.children.some((one) => one.name === 'ResponseMetadata'))
    throw new SyntaxError('there is no element ResponseMetadata');
  return structureOf(service, shape, result);
}

function structureOf(service: ServiceModel, shape: ShapeEntry, element: XmlElement): JsonObject {
  const found: JsonObject = {};
  const names = new Map(membersOf(shape).map(([key, member]) => [member.name, [key, member] as const]));
  for (const child of element.children) {
    const [key, member] = names.get(child.name) ?? [child.name, undefined];
    if (member === undefined) {
      found[key] = child.text;
      continue;
    }
    const entry = shapeOf(service, member.shape);
    if (entry.type === 'list' && (member.flattened || entry.flattened === true)) {
      const already = found[key];
      found[key] = [
        ...(Array.isArray(already) ? already : []),
        valueOf(service, entry.member ?? 'string', child),
      ];
    } else found[key] = valueOf(service, member.shape, child);
  }
  return found;
}

function valueOf(service: ServiceModel, shapeName: string, element: XmlElement): Json {
  const shape = shapeOf(service, shapeName);
  if (shape.type === 'structure') return structureOf(service, shape, element);
  if (shape.type === 'list') {
    return element.children
      .filter((child) => child.name === (shape.itemName ?? 'member'))
      .map((child) => valueOf(service, shape.member ?? 'string', child));
  }
  if (shape.type === 'map') {
    return Object.fromEntries(
      element.children.map((entry) => {
        const part = (name: string): XmlElement =>
          entry.children.find((child) => child.name === name) ?? { name, children: [], text: '' };
        const key = part(shape.keyName ?? 'key').text;
        return [key, valueOf(service, shape.value ?? 'string', part(shape.valueName ?? 'value'))];
      }),
    );
  }
  return fromText(service, shapeName, element.text);
}
