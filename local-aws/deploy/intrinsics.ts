/** The intrinsic functions of CloudFormation templates. `undefined` stands for AWS::NoValue and removes its member. */
import type { Json, JsonObject } from '../platform.ts';

/** Where names in a template lead to. Each function throws on an unknown name. */
export interface Scope {
  ref(name: string): Json | undefined;
  attribute(logicalId: string, name: string): Json;
  condition(name: string): boolean;
  mapping(map: string, first: string, second: string): Json;
}

type Evaluate = (argument: Json, scope: Scope) => Json | undefined;

const valueFunctions: Readonly<Record<string, Evaluate>> = {
  Ref: (argument, scope) => scope.ref(text(argument, 'Ref')),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, name] = attributeNames(argument);
    return scope.attribute(logicalId, name);
  },
  'Fn::Sub': (argument, scope) => {
    const [template, variables] = subArguments(argument);
    return template.replace(/\$\{(!?)([^}]*)\}/g, (_all, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      const own = variables[name];
      if (own !== undefined) return text(evaluate(own, scope), `Fn::Sub \${${name}}`);
      const [logicalId = '', ...attribute] = name.split('.');
      const value = attribute.length > 0 ? scope.attribute(logicalId, attribute.join('.')) : scope.ref(name);
      return text(value, `Fn::Sub \${${name}}`);
    });
  },
  'Fn::Join': (argument, scope) => {
    const [separator, parts] = list(argument, 'Fn::Join');
    const values = list(evaluate(parts ?? null, scope), 'Fn::Join');
    return values.map((value) => text(value, 'Fn::Join')).join(text(separator, 'Fn::Join'));
  },
  'Fn::Select': (argument, scope) => {
    const [index, from] = list(argument, 'Fn::Select');
    const values = list(evaluate(from ?? null, scope), 'Fn::Select');
    const chosen = values[Number(evaluate(index ?? null, scope))];
    if (chosen === undefined)
      throw new Error(`Fn::Select: no element ${JSON.stringify(index)} in ${JSON.stringify(values)}`);
    return chosen;
  },
  'Fn::Split': (argument, scope) => {
    const [separator, from] = list(argument, 'Fn::Split');
    return text(evaluate(from ?? null, scope), 'Fn::Split').split(text(separator, 'Fn::Split'));
  },
  'Fn::If': (argument, scope) => {
    const [name, whenTrue, whenFalse] = list(argument, 'Fn::If');
    return evaluate((scope.condition(text(name, 'Fn::If')) ? whenTrue : whenFalse) ?? null, scope);
  },
  'Fn::Base64': (argument, scope) =>
    Buffer.from(text(evaluate(argument, scope), 'Fn::Base64')).toString('base64'),
  'Fn::FindInMap': (argument, scope) => {
    const names = list(argument, 'Fn::FindInMap').map((part) => text(evaluate(part, scope), 'Fn::FindInMap'));
    const [map = '', first = '', second = ''] = names;
    return scope.mapping(map, first, second);
  },
  ...Object.fromEntries(
    ['Fn::Equals', 'Fn::And', 'Fn::Or', 'Fn::Not'].map((name): [string, Evaluate] => [
      name,
      (argument, scope) => evaluateCondition({ [name]: argument }, scope),
    ]),
  ),
};

/** Resolves every intrinsic function inside `value`. */
export function evaluate(value: Json | undefined, scope: Scope): Json | undefined {
  if (Array.isArray(value)) {
    return value.map((element) => evaluate(element, scope)).filter((element) => element !== undefined);
  }
  if (typeof value === 'string' && value.includes('{{resolve:')) {
    throw new Error(`dynamic references are not modelled: ${value}`);
  }
  if (typeof value !== 'object' || value === null) return value;
  const call = intrinsicOf(value);
  if (call !== undefined) return call.evaluate(call.argument, scope);
  const resolved: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const result = evaluate(member, scope);
    if (result !== undefined) resolved[name] = result;
  }
  return resolved;
}

/** Evaluates an entry of the template's Conditions section. */
export function evaluateCondition(value: Json, scope: Scope): boolean {
  const [name, argument] = onlyMember(value);
  const each = (): boolean[] => list(argument, name).map((part) => evaluateCondition(part, scope));
  switch (name) {
    case 'Condition':
      return scope.condition(text(argument, name));
    case 'Fn::Equals': {
      const [left, right] = list(argument, name).map((part) => JSON.stringify(evaluate(part, scope)));
      return left === right;
    }
    case 'Fn::And':
      return each().every(Boolean);
    case 'Fn::Or':
      return each().some(Boolean);
    case 'Fn::Not':
      return each().every((one) => !one);
    default:
      throw new Error(`condition function ${name} is not modelled`);
  }
}

/** The intrinsic function that an object calls, if it is one; throws on a function that is not modelled. */
export function intrinsicOf(
  value: JsonObject,
): { name: string; argument: Json; evaluate: Evaluate } | undefined {
  const names = Object.keys(value);
  const name = names.find((member) => member === 'Ref' || member.startsWith('Fn::'));
  if (name === undefined) return undefined;
  if (names.length !== 1) throw new Error(`${name} stands beside other members: ${names.join(', ')}`);
  const found = Object.hasOwn(valueFunctions, name) ? valueFunctions[name] : undefined;
  if (found === undefined) throw new Error(`intrinsic function ${name} is not modelled`);
  return { name, argument: value[name] ?? null, evaluate: found };
}

/** Both forms of Fn::GetAtt: a list, and text with a dot. */
export function attributeNames(argument: Json): [string, string] {
  const parts = typeof argument === 'string' ? argument.split('.') : list(argument, 'Fn::GetAtt');
  const [logicalId, ...names] = parts.map((part) => text(part, 'Fn::GetAtt'));
  return [logicalId ?? '', names.join('.')];
}

/** Both forms of Fn::Sub: text alone, and with variables of its own. */
export function subArguments(argument: Json): [string, JsonObject] {
  if (typeof argument === 'string') return [argument, {}];
  const [template, variables] = list(argument, 'Fn::Sub');
  if (typeof variables !== 'object' || variables === null || Array.isArray(variables)) {
    throw new Error('Fn::Sub: the second element must be an object');
  }
  return [text(template, 'Fn::Sub'), variables];
}

function onlyMember(value: Json): [string, Json] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1)
    throw new Error(`not a condition: ${JSON.stringify(value)}`);
  return entry;
}

export function list(value: Json | undefined, where: string): Json[] {
  if (!Array.isArray(value)) throw new Error(`${where}: expected a list, got ${JSON.stringify(value)}`);
  return value;
}

export function text(value: Json | undefined, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${where}: expected text, got ${JSON.stringify(value)}`);
}
