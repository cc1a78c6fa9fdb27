/** The operations of EventBridge's API that are offered: putting own events and looking at rules. */
import { z } from 'zod';
import { operation } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { BusEvent, JsonObject, Platform } from '../../platform.ts';
import type { Rule } from './rules.ts';

const entryShape = z.strictObject({
  Source: z.string().min(1),
  DetailType: z.string().min(1),
  Detail: z.string(),
  Resources: z.array(z.string()).default([]),
  Time: z.number().optional(),
  EventBusName: z.string().default('default'),
});

export function createOperations(
  platform: Platform,
  rules: ReadonlyMap<string, Rule>,
  publish: (event: BusEvent, time?: number) => string,
): Readonly<Record<string, Operation>> {
  const bus = `arn:${platform.partition}:events:${platform.region}:${platform.accountId}:event-bus/default`;
  const ruleArn = (name: string): string => bus.replace('event-bus/default', `rule/${name}`);
  return {
    PutEvents: operation({
      input: z.strictObject({ Entries: z.array(entryShape).min(1).max(10) }),
      needs: () => [{ action: 'events:PutEvents', resource: bus }],
      run({ Entries }) {
        const bytes = Buffer.byteLength(JSON.stringify(Entries));
        if (bytes > LIMITS.eventEntryBytes.value) {
          throw new AwsError(
            'ValidationException',
            'Total size of the entries in the request is over the limit.',
          );
        }
        const results = Entries.map((entry) => put(entry, publish));
        const failed = results.filter((result) => 'ErrorCode' in result).length;
        return { FailedEntryCount: failed, Entries: results };
      },
    }),
    ListRules: operation({
      input: z.strictObject({
        NamePrefix: z.string().default(''),
        EventBusName: z.literal('default').optional(),
      }),
      needs: () => [{ action: 'events:ListRules', resource: ruleArn('*') }],
      run: ({ NamePrefix }) => ({
        Rules: [...rules.values()].filter(({ name }) => name.startsWith(NamePrefix)).map(describe),
      }),
    }),
    DescribeRule: operation({
      input: z.strictObject({ Name: z.string(), EventBusName: z.literal('default').optional() }),
      needs: ({ Name }) => [{ action: 'events:DescribeRule', resource: ruleArn(Name) }],
      run({ Name }) {
        const rule = rules.get(Name);
        if (rule === undefined)
          throw new AwsError('ResourceNotFoundException', `Rule ${Name} does not exist.`);
        return describe(rule);
      },
    }),
  };
}

function put(
  entry: z.infer<typeof entryShape>,
  publish: (event: BusEvent, time?: number) => string,
): Record<string, string> {
  if (entry.Source.startsWith('aws.')) {
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  }
  const detail = z.record(z.string(), z.json()).safeParse(parseJson(entry.Detail));
  if (!detail.success) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  const event = {
    source: entry.Source,
    'detail-type': entry.DetailType,
    resources: entry.Resources,
    detail: detail.data,
  };
  return { EventId: publish(event, entry.Time === undefined ? undefined : entry.Time * 1000) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describe(rule: Rule): JsonObject {
  return {
    Name: rule.name,
    Arn: rule.arn,
    Description: rule.description,
    EventPattern: JSON.stringify(rule.pattern),
    State: rule.enabled ? 'ENABLED' : 'DISABLED',
    EventBusName: 'default',
  };
}
