/** Judges a value by a shape: members, types, lengths, patterns, enumerations. Shapes are compiled once, on first use. */
import type { Json } from '../platform.ts';
import { membersOf, shapeOf } from './model.ts';
import type { ServiceModel, ShapeEntry } from './model.ts';

export interface Problem {
  readonly path: string;
  /** `type`: not of the right type, which services cannot even read. */
  readonly kind: 'type' | 'unknown' | 'constraint';
  readonly text: string;
}
export type Check = (value: Json, path: string, problems: Problem[]) => void;

export interface Checks {
  of(shape: string): Check;
}

/** In answers, least lengths and values are not judged: AWS itself sends empty lists where its models ask for one item. */
export function createChecks(service: ServiceModel, side: 'input' | 'output'): Checks {
  const compiled = new Map<string, Check>();
  function of(name: string): Check {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    // Shapes may contain themselves: whoever asks meanwhile gets this, which looks again when it is run.
    compiled.set(name, (value, path, problems) => {
      of(name)(value, path, problems);
    });
    const { min, ...shape } = shapeOf(service, name);
    const check = compile(side === 'output' || min === undefined ? shape : { ...shape, min }, of);
    compiled.set(name, check);
    return check;
  }
  return { of };
}

function compile(shape: ShapeEntry, of: (name: string) => Check): Check {
  switch (shape.type) {
    case 'structure':
      return structure(shape, of);
    case 'list':
      return list(shape, of);
    case 'map':
      return map(shape, of);
    case 'string':
      return text(shape);
    case 'blob':
      return blob(shape);
    case 'boolean':
      return typed('boolean', (value) => typeof value === 'boolean');
    case 'timestamp':
      return shape.format === 'iso8601'
        ? typed('date and time', (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)))
        : typed('time in epoch seconds', (value) => typeof value === 'number');
    case 'integer':
    case 'long':
      return number(shape, Number.isSafeInteger, 'integer');
    case 'float':
    case 'double':
      return number(shape, (value) => typeof value === 'number', 'number');
    default:
      throw new Error(`the table has a shape of unknown type ${String(shape.type)}`);
  }
}

function structure(shape: ShapeEntry, of: (name: string) => Check): Check {
  const members = new Map(membersOf(shape).map(([name, member]) => [name, of(member.shape)]));
  const required = shape.required ?? [];
  return (value, path, problems) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      wrongType(problems, path, 'structure');
      return;
    }
    let set = 0;
    for (const name of Object.keys(value)) {
      const inner = value[name] ?? null;
      const check = members.get(name);
      if (check === undefined)
        problems.push({ path: join(path, name), kind: 'unknown', text: 'is not known' });
      // JSON clients may write null for what they leave out.
      else if (inner !== null) {
        set += 1;
        check(inner, join(path, name), problems);
      }
    }
    for (const name of required) {
      if ((value[name] ?? null) === null) constraint(problems, join(path, name), 'Member must not be null');
    }
    if (shape.union === true && set !== 1) {
      constraint(problems, path, `exactly one member must be set, not ${String(set)}`);
    }
  };
}

function list(shape: ShapeEntry, of: (name: string) => Check): Check {
  const item = of(shape.member ?? 'string');
  return (value, path, problems) => {
    if (!Array.isArray(value)) {
      wrongType(problems, path, 'list');
      return;
    }
    checkSize(shape, value.length, path, problems);
    value.forEach((one, index) => {
      item(one, `${path}.${String(index + 1)}.member`, problems);
    });
  };
}

function map(shape: ShapeEntry, of: (name: string) => Check): Check {
  const checkKey = of(shape.key ?? 'string');
  const checkValue = of(shape.value ?? 'string');
  return (value, path, problems) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      wrongType(problems, path, 'map');
      return;
    }
    const entries = Object.entries(value);
    checkSize(shape, entries.length, path, problems);
    for (const [key, one] of entries) {
      checkKey(key, join(path, key), problems);
      checkValue(one, join(path, key), problems);
    }
  };
}

function text(shape: ShapeEntry): Check {
  const pattern = shape.pattern === undefined ? undefined : compilePattern(shape.pattern);
  const known = shape.enum === undefined ? undefined : new Set(shape.enum);
  return (value, path, problems) => {
    if (typeof value !== 'string') {
      wrongType(problems, path, 'string');
      return;
    }
    checkSize(shape, value.length, path, problems);
    if (pattern?.test(value) === false) {
      constraint(problems, path, `Member must satisfy regular expression pattern: ${String(shape.pattern)}`);
    }
    if (known?.has(value) === false) {
      constraint(problems, path, `Member must satisfy enum value set: [${[...known].join(', ')}]`);
    }
  };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function blob(shape: ShapeEntry): Check {
  const limited = shape.min !== undefined || shape.max !== undefined;
  return (value, path, problems) => {
    if (typeof value !== 'string' || !BASE64.test(value)) wrongType(problems, path, 'blob (base64)');
    else if (limited) checkSize(shape, Buffer.byteLength(value, 'base64'), path, problems);
  };
}

function number(shape: ShapeEntry, fits: (value: unknown) => boolean, name: string): Check {
  return (value, path, problems) => {
    if (typeof value !== 'number' || !fits(value)) wrongType(problems, path, name);
    else if (shape.min !== undefined && value < shape.min)
      constraint(problems, path, `Member must have value greater than or equal to ${String(shape.min)}`);
    else if (shape.max !== undefined && value > shape.max)
      constraint(problems, path, `Member must have value less than or equal to ${String(shape.max)}`);
  };
}

function typed(name: string, fits: (value: Json) => boolean): Check {
  return (value, path, problems) => {
    if (!fits(value)) wrongType(problems, path, name);
  };
}

function checkSize(shape: ShapeEntry, size: number, path: string, problems: Problem[]): void {
  if (shape.min !== undefined && size < shape.min)
    constraint(problems, path, `Member must have length greater than or equal to ${String(shape.min)}`);
  if (shape.max !== undefined && size > shape.max)
    constraint(problems, path, `Member must have length less than or equal to ${String(shape.max)}`);
}

/** The models are written for Java, which matches the whole text. */
export function compilePattern(pattern: string): RegExp | undefined {
  if (pattern === '.*') return undefined;
  const whole = `^(?:${pattern})$`;
  try {
    return new RegExp(whole, 'u');
  } catch {
    // Escapes that are pointless, and therefore errors in Unicode mode.
    return new RegExp(whole);
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
function wrongType(problems: Problem[], path: string, wanted: string): void {
  problems.push({ path, kind: 'type', text: `is not a ${wanted}` });
}
function constraint(problems: Problem[], path: string, failed: string): void {
  problems.push({ path, kind: 'constraint', text: `failed to satisfy constraint: ${failed}` });
}
