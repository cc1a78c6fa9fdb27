/** Reads synthesized templates. No import of the CDK: most tests only read what was made once for all of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

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
const members = z.record(z.string(), z.unknown());

/** What the functions are told: the one environment variable, with what CloudFormation fills in left as `<…>`. */
export function runtimeOf(read: Template): Record<string, unknown> {
  const [first] = functions.parse(ofType(read, 'AWS::Lambda::Function'));
  return members.parse(JSON.parse(joined(first?.Environment.Variables.CERTVEND)));
}

function joined(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join } = z
    .object({ 'Fn::Join': z.tuple([z.string(), z.array(z.json())]) })
    .parse(value);
  return join[1].map((part) => (typeof part === 'string' ? part : '<…>')).join(join[0]);
}

/** Everything of one kind that policies of the template allow: statements with their actions and resources. */
export function statementsOf(read: Template): Statement[] {
  const documents = [...ofType(read, 'AWS::IAM::Policy'), ...ofType(read, 'AWS::IAM::Role')].flatMap(
    (properties) => [
      members.safeParse(properties['PolicyDocument']).data ?? {},
      ...z
        .array(z.object({ PolicyDocument: members }))
        .catch([])
        .parse(properties['Policies'])
        .map(({ PolicyDocument }) => PolicyDocument),
    ],
  );
  return documents.flatMap((document) => z.array(statement).catch([]).parse(document['Statement']));
}

const oneOrMore = z.union([z.array(z.json()), z.json().transform((only) => [only])]);
const statement = z.looseObject({ Effect: z.string(), Action: oneOrMore, Resource: oneOrMore.default([]) });
export type Statement = z.infer<typeof statement>;
