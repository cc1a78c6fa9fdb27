/** AWS::SNS::Topic, ::Subscription and ::TopicPolicy. Subscriptions count as confirmed. */
import { z } from 'zod';
import { parseStrictly } from '../../json-service.ts';
import type { Platform, ResourceType } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';
import type { Topics } from './topics.ts';

const protocol = z.enum(['email', 'email-json']);
const topicProperties = z.strictObject({
  TopicName: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,256}$/, 'must be 1-256 letters, digits, - or _')
    .optional(),
  DisplayName: z.string().optional(),
  KmsMasterKeyId: z.string().optional(),
  Subscription: z.array(z.strictObject({ Protocol: protocol, Endpoint: z.string() })).optional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
});
const subscriptionProperties = z.strictObject({
  TopicArn: z.string(),
  Protocol: protocol,
  Endpoint: z.string().min(3),
});
const policyProperties = z.strictObject({
  PolicyDocument: z.record(z.string(), z.json()),
  Topics: z.array(z.string()),
});

export function snsResources(platform: Platform, topics: Topics): Readonly<Record<string, ResourceType>> {
  return {
    'AWS::SNS::Topic': (input, context) => {
      const given = parseStrictly(topicProperties, input);
      const topic = topics.add({
        name: given.TopicName ?? generatedName(context, 256),
        displayName: given.DisplayName ?? '',
        key: given.KmsMasterKeyId,
      });
      for (const { Protocol, Endpoint } of given.Subscription ?? []) {
        topics.subscribe({ topicArn: topic.arn, protocol: Protocol, endpoint: Endpoint });
      }
      return { ref: topic.arn, attributes: { TopicArn: topic.arn, TopicName: topic.name } };
    },
    'AWS::SNS::Subscription': (input) => {
      const given = parseStrictly(subscriptionProperties, input);
      const { arn } = topics.subscribe({
        topicArn: given.TopicArn,
        protocol: given.Protocol,
        endpoint: given.Endpoint,
      });
      return { ref: arn, attributes: { Arn: arn } };
    },
    'AWS::SNS::TopicPolicy': (input, { logicalId }) => {
      const { PolicyDocument: document, Topics: arns } = parseStrictly(policyProperties, input);
      for (const arn of arns) platform.access.attachResourcePolicy(topics.find(arn).arn, logicalId, document);
      return { ref: logicalId, attributes: { Id: logicalId } };
    },
  };
}
