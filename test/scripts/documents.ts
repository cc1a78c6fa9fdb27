/** Takes rendered documents apart, typed, and does what the agent does with their parameters. */
import type { Json, JsonObject, RenderedCommandDocument } from '../../lib/command-document.ts';

export interface Parameter {
  readonly type: string;
  readonly description: string;
  readonly allowedPattern: string;
  readonly maxChars: number;
  readonly default?: string;
}

export function parametersIn(document: RenderedCommandDocument): ReadonlyMap<string, Parameter> {
  const all = object(document.content['parameters']);
  return new Map(
    Object.entries(all).map(([name, value]) => {
      const parameter = object(value);
      const given = parameter['default'];
      return [
        name,
        {
          type: text(parameter['type']),
          description: text(parameter['description']),
          allowedPattern: text(parameter['allowedPattern']),
          maxChars: Number(parameter['maxChars']),
          ...(typeof given === 'string' ? { default: given } : {}),
        },
      ];
    }),
  );
}

/** The only step of the document. */
export function stepOf(document: RenderedCommandDocument): JsonObject {
  const steps = document.content['mainSteps'];
  if (!Array.isArray(steps) || steps.length !== 1) throw new Error('the document must have one step');
  return object(steps[0] as Json); // isArray() yields any[]
}

export function scriptOf(document: RenderedCommandDocument): string {
  const lines = object(stepOf(document)['inputs'])['runCommand'];
  if (!Array.isArray(lines)) throw new Error('runCommand must be a list');
  return lines.map(String).join('\n');
}

/** Plain text replacement, as the agent does it. */
export function withValues(script: string, values: Readonly<Record<string, string>>): string {
  return script.replaceAll(/\{\{ (\w+) \}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for ${name}`);
    return value;
  });
}

export function object(value: Json | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return value as JsonObject; // isArray() does not narrow readonly arrays away
}

function text(value: Json | undefined): string {
  if (typeof value !== 'string') throw new Error('not a text');
  return value;
}
