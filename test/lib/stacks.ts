import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { CertVendProps } from '../../lib/certvend.ts';
import { CertvendStack } from '../../lib/certvend-stack.ts';
import type { SettingsInput } from '../../src/settings/settings.ts';

type Members = Readonly<Record<string, unknown>>;

/** Functions without their bundles: these tests look at the template only. */
export const NO_CODE: Required<Pick<CertVendProps, 'code'>> = { code: () => Code.fromInline('export {}') };

/** An app with the feature flags of cdk.json. */
export function appOf(): App {
  // The file is ours; JSON.parse knows no types.
  const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
    context: Record<string, unknown>;
  };
  return new App({ context });
}

export const EMAIL = 'ops@example.com';

export function stackOf(props: Partial<CertVendProps> = {}, app = appOf(), id = 'certvend'): CertvendStack {
  return new CertvendStack(app, id, { certVend: { snsSubscriberEmail: EMAIL, ...NO_CODE, ...props } });
}

// The rules of the CDK take a second for each template; synth.test.ts runs them once, in a process of its own.
process.env['CDK_VALIDATION'] = 'false';

const templates = new Map<string, Template>();

/** The template of a stack of its own; the same settings are synthesized once per file. */
export function templateOf(settings: Partial<SettingsInput> = {}): Template {
  const key = JSON.stringify(settings);
  const template = templates.get(key) ?? Template.fromStack(stackOf(settings));
  templates.set(key, template);
  return template;
}

export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly properties: Members;
  readonly deletionPolicy: unknown;
  readonly updateReplacePolicy: unknown;
  readonly dependsOn: readonly unknown[];
}

/** All resources, or those of one type. */
export function resources(template: Template, type?: string): Resource[] {
  const found = Object.entries(record(template.toJSON()['Resources'])).map(([id, resource]) => {
    const { Type, Properties, DeletionPolicy, UpdateReplacePolicy, DependsOn } = record(resource);
    return {
      id,
      type: String(Type),
      properties: record(Properties),
      deletionPolicy: DeletionPolicy,
      updateReplacePolicy: UpdateReplacePolicy,
      dependsOn: list(DependsOn),
    };
  });
  return type === undefined ? found : found.filter((resource) => resource.type === type);
}

export interface Statement {
  /** Logical id of the policy or role that holds it. */
  readonly holder: string;
  readonly sid: string;
  readonly effect: string;
  readonly actions: readonly string[];
  /** Intrinsic functions as text: `Fn::Join` joined, `Ref` and `Fn::GetAtt` as `<Name>` and `<Name.Attribute>`. */
  readonly resources: readonly string[];
  readonly conditions: Members;
}

/** Statements of the policies that belong to roles. */
export function roleStatements(template: Template): Statement[] {
  return resources(template, 'AWS::IAM::Policy').flatMap(({ id, properties }) =>
    list(record(properties['PolicyDocument'])['Statement']).map((statement) =>
      statementOf(id, record(statement)),
    ),
  );
}

function statementOf(holder: string, { Sid, Effect, Action, Resource, Condition }: Members): Statement {
  return {
    holder,
    sid: typeof Sid === 'string' ? Sid : '',
    effect: String(Effect),
    actions: list(Action).map(String),
    resources: list(Resource).map(text),
    conditions: record(Condition),
  };
}

/** A value of a template as one text. */
export function text(value: unknown): string {
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = record(value);
  if (typeof Ref === 'string') return `<${Ref}>`;
  if (attribute !== undefined) return `<${list(attribute).join('.')}>`;
  if (join !== undefined)
    return list(list(join)[1])
      .map(text)
      .join(String(list(join)[0]));
  return String(value);
}

export const record = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
export const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
