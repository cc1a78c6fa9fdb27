/**
 * The public service models of the operations that the local AWS offers, as `extract.py` took them from botocore: what a
 * request and an answer may hold, where on the wire it stands, and which errors there are.
 */
import { readFileSync } from 'node:fs';

export type Protocol = 'json' | 'rest-json' | 'rest-xml' | 'query';
export type Location = 'body' | 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode';

/** A shape's name (or a plain type), or with where it stands, its name there, and how it is written there. */
export type MemberEntry =
  string | readonly [shape: string, location?: Location, name?: string, form?: string];

export interface ShapeEntry {
  readonly type:
    | 'structure'
    | 'list'
    | 'map'
    | 'string'
    | 'integer'
    | 'long'
    | 'float'
    | 'double'
    | 'boolean'
    | 'blob'
    | 'timestamp';
  readonly members?: Readonly<Record<string, MemberEntry>>;
  readonly required?: readonly string[];
  /** The member that is the whole body. */
  readonly payload?: string;
  /** Exactly one member is set. */
  readonly union?: boolean;
  readonly member?: string;
  readonly itemName?: string;
  readonly flattened?: boolean;
  readonly key?: string;
  readonly value?: string;
  readonly keyName?: string;
  readonly valueName?: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
}

export interface OperationEntry {
  readonly http: readonly [method: string, uri: string, status?: number];
  readonly input?: string;
  readonly output?: string;
  /** The element around the result in answers of the query protocol. */
  readonly result?: string;
  readonly errors: readonly string[];
}

export interface ServiceModel {
  /** Version of the API. */
  readonly model: string;
  readonly protocol: Protocol;
  readonly target?: string;
  readonly operations: Readonly<Record<string, OperationEntry>>;
  /** Error code → HTTP status. */
  readonly errors: Readonly<Record<string, number>>;
  readonly shapes: Readonly<Record<string, ShapeEntry>>;
}

export interface Table {
  readonly source: string;
  readonly services: Readonly<Record<string, ServiceModel>>;
}

export function readTable(): Table {
  // The file is written by extract.py only, and a test compiles every shape of it.
  return JSON.parse(readFileSync(new URL('table.json', import.meta.url), 'utf8')) as Table;
}

export interface Member {
  readonly shape: string;
  readonly location: Location;
  /** The name on the wire. */
  readonly name: string;
  readonly flattened: boolean;
  readonly format: string | undefined;
}

export function memberOf(name: string, entry: MemberEntry): Member {
  if (typeof entry === 'string') {
    return { shape: entry, location: 'body', name, flattened: false, format: undefined };
  }
  const [shape, location = 'body', wireName = '', form] = entry;
  return {
    shape,
    location,
    name: wireName === '' ? name : wireName,
    flattened: form === 'flattened',
    format: form === undefined || form === 'flattened' || form === '' ? undefined : form,
  };
}

const members = new WeakMap<ShapeEntry, readonly [string, Member][]>();

export function membersOf(shape: ShapeEntry): readonly [string, Member][] {
  const known = members.get(shape);
  if (known !== undefined) return known;
  const found = Object.entries(shape.members ?? {}).map(([name, entry]): [string, Member] => [
    name,
    memberOf(name, entry),
  ]);
  members.set(shape, found);
  return found;
}

/** A named shape of the service, or a plain type without constraints. */
export function shapeOf(service: ServiceModel, name: string): ShapeEntry {
  // A name that is not in the table is a plain type: extract.py writes shapes without constraints so.
  return service.shapes[name] ?? { type: name as ShapeEntry['type'] };
}
