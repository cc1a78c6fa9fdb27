/** Cloud assemblies for other settings than those of cdk.json, as `cdk deploy -c …` would make them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { z } from 'zod';
import { CertvendStack } from '../../lib/certvend-stack.ts';
import { readSettings } from '../../src/settings/settings.ts';

const contextFile = z.object({ context: z.record(z.string(), z.unknown()) });
const { context: CDK_JSON } = contextFile.parse(
  JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')),
);

/** What `npx cdk deploy -c SNSSubscriberEmail=ops@example.com` finds in the context, with further `-c`. */
export function contextWith(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ...CDK_JSON, SNSSubscriberEmail: 'ops@example.com', ...changes };
}

/** Does what bin/certvend.ts does, in this process and without cdk-nag, which takes most of its time. */
export function assemble(directory: string, changes: Readonly<Record<string, unknown>>): void {
  const context = contextWith(changes);
  const settings = readSettings(context);
  const app = new App({ outdir: directory, context });
  new CertvendStack(app, 'certvend', {
    stackName: `${settings.namePrefix}certvend`,
    certVend: settings,
  });
  app.synth();
}

const template = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.json()).default({}) }),
  ),
  Outputs: z.record(z.string(), z.json()),
});
export type Template = z.infer<typeof template>;
export type Properties = Template['Resources'][string]['Properties'];

/** The template of an assembly, with its resources typed as far as tests need it. */
export function templateIn(directory: string): Template {
  return template.parse(JSON.parse(readFileSync(join(directory, 'certvend.template.json'), 'utf8')));
}

/** Properties of all resources of one type. */
export function ofType({ Resources }: Template, type: string): Properties[] {
  return Object.values(Resources)
    .filter(({ Type }) => Type === type)
    .map(({ Properties }) => Properties);
}

const functions = z.array(
  z.object({ Environment: z.object({ Variables: z.object({ CERTVEND: z.json() }) }) }),
);
const policySettings = z.record(z.string(), z.unknown());

/** What the functions are told: the one environment variable, with what CloudFormation fills in left as `<…>`. */
export function runtimeOf(read: Template): Record<string, unknown> {
  const [first] = functions.parse(ofType(read, 'AWS::Lambda::Function'));
  return policySettings.parse(JSON.parse(joined(first?.Environment.Variables.CERTVEND)));
}

function joined(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join } = z
    .object({ 'Fn::Join': z.tuple([z.string(), z.array(z.json())]) })
    .parse(value);
  return join[1].map((part) => (typeof part === 'string' ? part : '<…>')).join(join[0]);
}
