/** AWS::SSM::Document and AWS::SSM::Parameter, and reading documents back. */
import { z } from 'zod';
import { operation, parseStrictly } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { CreatedResource, JsonObject, Platform, ResourceType } from '../../platform.ts';
import type { SsmParts } from './command-operations.ts';
import { readDocument } from './documents.ts';
import type { CommandDocument } from './documents.ts';
import { paginate } from './pages.ts';

const documentProperties = z.strictObject({
  Name: z.string().regex(/^[a-zA-Z0-9_.-]{3,128}$/),
  Content: z.union([z.string(), z.record(z.string(), z.json())]),
  DocumentType: z.literal('Command'),
  DocumentFormat: z.enum(['JSON', 'YAML']).default('JSON'),
  TargetType: z
    .string()
    .regex(/^\/[\w.:/-]*$/)
    .optional(),
  UpdateMethod: z.enum(['Replace', 'NewVersion']).optional(),
  VersionName: z.string().optional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
});
const parameterProperties = z.strictObject({
  Name: z.string().min(1).max(2048),
  Type: z.enum(['String', 'StringList']),
  Value: z.string().max(LIMITS.parameterValue.value),
  Description: z.string().max(1024).optional(),
  Tier: z.enum(['Standard', 'Advanced', 'Intelligent-Tiering']).optional(),
  AllowedPattern: z.string().optional(),
  DataType: z.literal('text').optional(),
  Tags: z.record(z.string(), z.string()).optional(),
});

export function ssmResources({ platform, documents }: SsmParts): Record<string, ResourceType> {
  const parameters = new Map<string, JsonObject>();
  return {
    'AWS::SSM::Document': (properties) => createDocument(platform, documents, properties),
    'AWS::SSM::Parameter': (properties) => {
      const input = parseStrictly(parameterProperties, properties);
      if (parameters.has(input.Name))
        throw new AwsError('ParameterAlreadyExists', `The parameter ${input.Name} already exists.`);
      parameters.set(input.Name, properties);
      return { ref: input.Name, attributes: { Type: input.Type, Value: input.Value } };
    },
  };
}

function createDocument(
  platform: Platform,
  documents: Map<string, CommandDocument>,
  properties: JsonObject,
): CreatedResource {
  const input = parseStrictly(documentProperties, properties);
  if (documents.has(input.Name))
    throw new AwsError('DocumentAlreadyExists', `The document ${input.Name} already exists.`);
  if (documents.size >= LIMITS.documents.value) {
    throw new AwsError(
      'DocumentLimitExceeded',
      `an account has at most ${String(LIMITS.documents.value)} documents`,
    );
  }
  const structured = typeof input.Content !== 'string';
  const document = readDocument({
    name: input.Name,
    arn: documentArn(platform, input.Name),
    createdAt: platform.clock.now(),
    format: structured ? 'JSON' : input.DocumentFormat,
    text: typeof input.Content === 'string' ? input.Content : JSON.stringify(input.Content),
  });
  documents.set(document.name, document);
  return { ref: document.name, attributes: {} };
}

function documentArn(platform: Platform, name: string): string {
  return `arn:${platform.partition}:ssm:${platform.region}:${platform.accountId}:document/${name}`;
}

export function documentOperations({ platform, documents }: SsmParts): Record<string, Operation> {
  const byName = z.strictObject({
    Name: z.string(),
    DocumentVersion: z.string().optional(),
    DocumentFormat: z.enum(['JSON', 'YAML']).optional(),
  });
  const onDocument = (action: string) => (input: { readonly Name: string }) => [
    { action: `ssm:${action}`, resource: documentArn(platform, input.Name) },
  ];
  const find = (name: string): CommandDocument => {
    const found = documents.get(name.slice(name.lastIndexOf('/') + 1));
    if (found === undefined) throw new AwsError('InvalidDocument', `The document ${name} does not exist`);
    return found;
  };
  return {
    GetDocument: operation({
      input: byName,
      needs: onDocument('GetDocument'),
      run: (input) => {
        const { text, name, format } = find(input.Name);
        return {
          Name: name,
          Content: text,
          DocumentVersion: '1',
          Status: 'Active',
          DocumentType: 'Command',
          DocumentFormat: format,
        };
      },
    }),
    DescribeDocument: operation({
      input: byName.omit({ DocumentFormat: true }),
      needs: onDocument('DescribeDocument'),
      run: (input) => ({ Document: describe(platform, find(input.Name)) }),
    }),
    ListDocuments: operation({
      input: z.strictObject({
        MaxResults: z.number().int().min(1).max(50).default(50),
        NextToken: z.string().optional(),
      }),
      needs: () => [{ action: 'ssm:ListDocuments', resource: '*' }],
      run: (input) => {
        const { page, next } = paginate([...documents.values()], input.MaxResults, input.NextToken);
        return { DocumentIdentifiers: page.map((document) => identify(platform, document)), ...next };
      },
    }),
  };
}

function identify(platform: Platform, document: CommandDocument): JsonObject {
  return {
    Name: document.name,
    CreatedDate: document.createdAt / 1000,
    Owner: platform.accountId,
    DocumentVersion: '1',
    DocumentType: 'Command',
    SchemaVersion: '2.2',
    DocumentFormat: document.format,
    PlatformTypes: ['Linux'],
  };
}

function describe(platform: Platform, document: CommandDocument): JsonObject {
  const parameters = Object.entries(document.content.parameters).map(([name, rules]) => ({
    Name: name,
    Type: rules.type,
    Description: rules.description ?? '',
    ...(rules.default !== undefined && { DefaultValue: rules.default }),
  }));
  return {
    ...identify(platform, document),
    Hash: document.sha256,
    HashType: 'Sha256',
    Status: 'Active',
    Parameters: parameters,
    LatestVersion: '1',
    DefaultVersion: '1',
  };
}
