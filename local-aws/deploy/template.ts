/** A CloudFormation template, checked: every section, resource type, intrinsic function and name in it is one we model. */
import { z } from 'zod';
import type { Json, JsonObject } from '../platform.ts';
import { evaluateCondition } from './intrinsics.ts';
import type { Scope } from './intrinsics.ts';
import { mentions } from './mentions.ts';
import type { Mention } from './mentions.ts';

const object = z.record(z.string(), z.json());
const policy = z.enum(['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot']).optional();

const resourceShape = z.strictObject({
  Type: z.string(),
  Properties: object.default({}),
  DependsOn: z.union([z.string(), z.array(z.string())]).optional(),
  Condition: z.string().optional(),
  Metadata: z.json().optional(),
  // Nothing is ever deleted or replaced here, so both policies are accepted and have nothing to do.
  DeletionPolicy: policy,
  UpdateReplacePolicy: policy,
});

const templateShape = z.strictObject({
  AWSTemplateFormatVersion: z.string().optional(),
  Description: z.string().optional(),
  Metadata: z.json().optional(),
  Parameters: z
    .record(z.string(), z.looseObject({ Type: z.string(), Default: z.json().optional() }))
    .default({}),
  // CDK writes one rule, about the bootstrap version of the account; there is no such account here.
  Rules: z.strictObject({ CheckBootstrapVersion: z.json().optional() }).optional(),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.json()))).default({}),
  Conditions: object.default({}),
  Resources: z.record(z.string(), resourceShape),
  Outputs: z
    .record(
      z.string(),
      z.strictObject({
        Value: z.json(),
        Description: z.string().optional(),
        Export: z.json().optional(),
        Condition: z.string().optional(),
      }),
    )
    .default({}),
});

export type Template = z.infer<typeof templateShape>;
export type TemplateResource = z.infer<typeof resourceShape>;

/** CDK's own record of library versions; creates nothing in AWS either. */
const METADATA_TYPE = 'AWS::CDK::Metadata';

export function parseTemplate(json: JsonObject): Template {
  const parsed = templateShape.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'template'}: ${issue.message}`,
  );
  throw new Error(`the template uses what the local AWS does not model:\n  ${problems.join('\n  ')}`);
}

/** The resources that the conditions select, or one error that names everything that is not modelled. */
export function selectResources(
  template: Template,
  knownTypes: ReadonlySet<string>,
  scope: Scope,
): ReadonlyMap<string, TemplateResource> {
  const selected = new Map<string, TemplateResource>();
  const problems = new Set<string>();
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    if (resource.Type === METADATA_TYPE) continue;
    if (resource.Condition !== undefined && !scope.condition(resource.Condition)) continue;
    selected.set(logicalId, resource);
    if (!knownTypes.has(resource.Type))
      problems.add(`${logicalId}: resource type ${resource.Type} is not modelled`);
    for (const problem of unknownNames(template, resource)) problems.add(`${logicalId}: ${problem}`);
  }
  for (const [name, output] of Object.entries(template.Outputs)) {
    for (const problem of unknownMentions(template, output.Value)) problems.add(`output ${name}: ${problem}`);
  }
  if (problems.size > 0) throw new Error(`the template cannot be deployed:\n  ${[...problems].join('\n  ')}`);
  return selected;
}

function unknownNames(template: Template, resource: TemplateResource): string[] {
  const missing = dependsOn(resource).filter((name) => !Object.hasOwn(template.Resources, name));
  return [
    ...missing.map((name) => `DependsOn names ${name}, which does not exist`),
    ...unknownMentions(template, resource.Properties),
  ];
}

function unknownMentions(template: Template, value: Json): string[] {
  let found: Mention[];
  try {
    found = mentions(value);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return found
    .filter((mention) => !exists(template, mention))
    .map(({ kind, name }) => `${kind} to unknown name ${name}`);
}

function exists(template: Template, { kind, name }: Mention): boolean {
  if (kind === 'condition') return Object.hasOwn(template.Conditions, name);
  if (Object.hasOwn(template.Resources, name)) return true;
  return kind === 'ref' && (name.startsWith('AWS::') || Object.hasOwn(template.Parameters, name));
}

export function dependsOn(resource: TemplateResource): string[] {
  const { DependsOn: names = [] } = resource;
  return typeof names === 'string' ? [names] : names;
}

/** Conditions are evaluated once each; they may refer to one another. */
export function conditionsOf(template: Template, scope: () => Scope): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const expression = template.Conditions[name];
    if (expression === undefined) throw new Error(`unknown condition ${name}`);
    const result = evaluateCondition(expression, scope());
    known.set(name, result);
    return result;
  };
}
