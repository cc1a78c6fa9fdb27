/**
 * The SSM Command documents as they go to AWS: the YAML of `ssm-documents/` with the shell of `ssm-documents/scripts/`
 * embedded. Pure over these files.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export type CommandDocumentKind = 'GenerateCsr' | 'DeployCertificate';
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export interface RenderedCommandDocument {
  /** What CreateDocument takes. */
  readonly content: JsonObject;
  /** The first eight hexadecimal digits of the SHA-256 of the content as JSON: a changed document gets a new name. */
  readonly hash8: string;
  readonly baseName: `certvend-${CommandDocumentKind}`;
}

const FOLDER = new URL('../ssm-documents/', import.meta.url);
const FILES = { GenerateCsr: 'generate-csr.yaml', DeployCertificate: 'deploy-certificate.yaml' } as const;

/** Reads a document and replaces the script names in each step's `runCommand` by the lines of the scripts. */
export function renderCommandDocument(kind: CommandDocumentKind): RenderedCommandDocument {
  const file = FILES[kind];
  const document = jsonObject(parse(readText(file)), file);
  const names = Object.keys(jsonObject(document['parameters'], `parameters of ${file}`));
  const steps = list(document['mainSteps'], `mainSteps of ${file}`).map((entry) => {
    const step = jsonObject(entry, `a step of ${file}`);
    const inputs = jsonObject(step['inputs'], `inputs of ${file}`);
    const scripts = list(inputs['runCommand'], `runCommand of ${file}`);
    return { ...step, inputs: { ...inputs, runCommand: scriptLines(names, scripts.map(String)) } };
  });
  const content: JsonObject = { ...document, mainSteps: steps };
  const hash8 = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 8);
  return { content, hash8, baseName: `certvend-${kind}` };
}

/**
 * The agent puts a parameter's value where `{{ Name }}` stands. That happens on these first lines only, inside single
 * quotes: no allowed value can end them.
 */
function scriptLines(parameters: readonly string[], scripts: readonly string[]): string[] {
  const assignments = parameters.map((name) => `${name}='{{ ${name} }}'`);
  return [
    '#!/usr/bin/env bash',
    ...assignments,
    ...scripts.flatMap((name) => readText(`scripts/${name}`).split('\n')),
  ];
}

function readText(path: string): string {
  return readFileSync(new URL(path, FOLDER), 'utf8');
}

function jsonObject(value: unknown, what: string): JsonObject {
  // The YAML core schema yields JSON values only.
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new Error(`${what} is not a mapping`);
}

function list(value: Json | undefined, what: string): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[]; // isArray() does not narrow readonly arrays
  throw new Error(`${what} is not a list`);
}
