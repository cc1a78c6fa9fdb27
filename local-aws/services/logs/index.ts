/** CloudWatch Logs: log groups as recorded state, and everything the functions wrote. */
import { z } from 'zod';
import { awsJson, parseStrictly } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { Json, JsonObject, Platform, ResourceType, Service } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';
import { tagsShape } from '../../deploy/tags.ts';
import type { LogStore } from './store.ts';

const logGroupShape = z.strictObject({
  LogGroupName: z.string().optional(),
  LogGroupClass: z.enum(['STANDARD', 'INFREQUENT_ACCESS']).optional(),
  RetentionInDays: z.number().int().optional(),
  KmsKeyId: z.string().optional(),
  DeletionProtectionEnabled: z.boolean().optional(),
  Tags: tagsShape,
});

/** `GET /_local/logs?function=NAME` and `GET /_local/log-groups` are its controls; no API operation is offered. */
export function createLogsService(platform: Platform, store: LogStore): Service {
  const groups = new Map<string, JsonObject>();
  const logGroup: ResourceType = (properties, context) => {
    const parsed = parseStrictly(logGroupShape, properties);
    const name = parsed.LogGroupName ?? generatedName(context);
    if (groups.has(name))
      throw new AwsError('ResourceAlreadyExistsException', `log group ${name} already exists`);
    groups.set(name, { ...properties, LogGroupName: name });
    const arn = `arn:${platform.partition}:logs:${platform.region}:${platform.accountId}:log-group:${name}:*`;
    return { ref: name, attributes: { Arn: arn } };
  };
  return awsJson({
    scope: 'logs',
    targetPrefix: 'Logs_20140328',
    operations: {},
    access: platform.access,
    rest: {
      resources: { 'AWS::Logs::LogGroup': logGroup },
      controls: {
        'GET /_local/logs': (body): Json => {
          const { function: name } = parseStrictly(z.strictObject({ function: z.string().optional() }), body);
          return store.lines(name).map((line) => ({ ...line }));
        },
        'GET /_local/log-groups': () => [...groups.values()],
      },
    },
  });
}
