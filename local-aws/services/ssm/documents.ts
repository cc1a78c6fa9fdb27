/** Command documents of schema 2.2: reading them, checking parameters, and writing the script of a step. */
import { createHash } from 'node:crypto';
import { RE2JS } from 're2js';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { parseStrictly } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { Json } from '../../platform.ts';

const maxBytes = LIMITS.documentBytes.value;

const parameter = z.strictObject({
  // StringList exists on AWS; no document of this system needs it, so it is refused rather than half supported.
  type: z.literal('String'),
  description: z.string().optional(),
  default: z.string().optional(),
  allowedPattern: z.string().optional(),
  allowedValues: z.array(z.string()).optional(),
  minChars: z.number().int().optional(),
  maxChars: z.number().int().optional(),
  displayType: z.enum(['textfield', 'textarea']).optional(),
});
type Parameter = z.infer<typeof parameter>;

const content = z.strictObject({
  schemaVersion: z.literal('2.2'),
  description: z.string().optional(),
  parameters: z.record(z.string().regex(/^[a-zA-Z0-9_]+$/), parameter).default({}),
  mainSteps: z
    .array(
      z.strictObject({
        action: z.literal('aws:runShellScript'),
        name: z.string().regex(/^[a-zA-Z0-9_]+$/),
        precondition: z
          .strictObject({ StringEquals: z.tuple([z.literal('platformType'), z.literal('Linux')]) })
          .optional(),
        inputs: z.strictObject({
          runCommand: z.array(z.string()).min(1),
          timeoutSeconds: z.union([z.string(), z.number()]).default('3600'),
        }),
      }),
    )
    .length(1),
});
type Content = z.infer<typeof content>;

export interface CommandDocument {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly format: 'JSON' | 'YAML';
  /** The text as it was stored. */
  readonly text: string;
  readonly sha256: string;
  readonly content: Content;
}

export interface DocumentInput {
  readonly name: string;
  readonly arn: string;
  readonly format: 'JSON' | 'YAML';
  readonly text: string;
  readonly createdAt: number;
}

/** Reads and checks a document as CreateDocument does. */
export function readDocument(input: DocumentInput): CommandDocument {
  const { text } = input;
  if (Buffer.byteLength(text) > maxBytes) {
    throw new AwsError(
      'MaxDocumentSizeExceeded',
      `The document ${input.name} has ${String(Buffer.byteLength(text))} bytes; ${String(maxBytes)} are allowed`,
    );
  }
  const parsed = parseStrictly(content, parseText(text, input.format), 'InvalidDocumentContent');
  for (const [name, { allowedPattern }] of Object.entries(parsed.parameters)) {
    if (allowedPattern !== undefined) compile(name, allowedPattern);
  }
  return { ...input, sha256: createHash('sha256').update(text).digest('hex'), content: parsed };
}

function parseText(text: string, format: 'JSON' | 'YAML'): Json {
  try {
    // Both parsers give plain data; the strict schema judges it next.
    return (format === 'JSON' ? JSON.parse(text) : parseYaml(text)) as Json;
  } catch (error) {
    throw new AwsError(
      'InvalidDocumentContent',
      error instanceof Error ? error.message : 'the document cannot be parsed',
    );
  }
}

/** The API reads a pattern as Java, the agent as Go's RE2: what RE2 cannot read never runs on a node. */
function compile(name: string, pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new AwsError(
      'InvalidDocumentContent',
      `allowedPattern of ${name}: ${error instanceof Error ? error.message : pattern}`,
    );
  }
}

/** The value of every parameter, or InvalidParameters as SendCommand answers it. */
export function resolveParameters(
  document: CommandDocument,
  given: Readonly<Record<string, readonly string[]>>,
): Record<string, string> {
  const declared = document.content.parameters;
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name))
      throw invalidParameters(`Parameter ${name} is not defined in the document ${document.name}`);
  }
  return Object.fromEntries(
    Object.entries(declared).map(([name, rules]) => {
      const values = given[name];
      if (values !== undefined && values.length !== 1)
        throw invalidParameters(`Parameter ${name} is a String and takes exactly one value`);
      const value = values?.[0] ?? rules.default;
      if (value === undefined)
        throw invalidParameters(`Parameter ${name} is required by the document ${document.name}`);
      checkValue(name, rules, value);
      return [name, value];
    }),
  );
}

function checkValue(name: string, rules: Parameter, value: string): void {
  if (rules.allowedValues?.includes(value) === false) {
    throw invalidParameters(`Parameter ${name} must be one of ${rules.allowedValues.join(', ')}`);
  }
  if (value.length < (rules.minChars ?? 0) || value.length > (rules.maxChars ?? Infinity)) {
    throw invalidParameters(
      `Parameter ${name} has ${String(value.length)} characters; ${String(rules.minChars ?? 0)} to ${String(rules.maxChars ?? 'any number')} are allowed`,
    );
  }
  // find, not matches: a pattern without anchors accepts too much, as on AWS.
  if (rules.allowedPattern !== undefined && !compile(name, rules.allowedPattern).matcher(value).find()) {
    throw invalidParameters(`Parameter ${name} does not match the allowed pattern ${rules.allowedPattern}`);
  }
}

function invalidParameters(message: string): AwsError {
  return new AwsError('InvalidParameters', message);
}

export interface StepScript {
  readonly step: string;
  readonly lines: readonly string[];
  readonly timeoutSeconds: number;
}

/** The only step with every `{{ Name }}` replaced literally, in one pass, as the agent does it. */
export function scriptOf(document: CommandDocument, values: Readonly<Record<string, string>>): StepScript {
  const [step] = document.content.mainSteps;
  if (step === undefined) throw new AwsError('InvalidDocument', `The document ${document.name} has no step`);
  const replace = (line: string): string =>
    line.replace(/\{\{ *([a-zA-Z0-9_]+) *\}\}/g, (whole, name: string) => values[name] ?? whole);
  const seconds = Number(replace(String(step.inputs.timeoutSeconds)));
  // Outside of 5 to 172,800 the agent silently takes an hour.
  const timeoutSeconds = seconds >= 5 && seconds <= 172_800 ? seconds : 3600;
  return { step: step.name, lines: step.inputs.runCommand.map(replace), timeoutSeconds };
}
