/** SNS topics with e-mail subscriptions. Mails are kept and readable at `GET /_local/mail`; nothing leaves this machine. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { queryService } from '../../gateway/query-service.ts';
import { operation } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import type { Authorization, Json, JsonObject, Platform, Service } from '../../platform.ts';
import { snsResources } from './resources.ts';
import { createTopics } from './topics.ts';
import type { Subscription, Topic } from './topics.ts';

// More than any test or demo looks at.
const MAILS_KEPT = 10_000;
const topicArn = z.string();
const attributes = z.record(z.string(), z.json()).optional();

export function createSnsService(platform: Platform): Service {
  const topics = createTopics(platform);
  const mails: JsonObject[] = [];

  function deliver(topic: Topic, subject: string | undefined, message: string): void {
    for (const { endpoint } of topics.subscriptions(topic.arn)) {
      const at = platform.clock.now();
      mails.push({
        topicArn: topic.arn,
        endpoint,
        subject: subject ?? 'AWS Notification Message',
        message,
        at,
      });
    }
    mails.splice(0, Math.max(0, mails.length - MAILS_KEPT));
  }

  const operations = {
    Publish: operation({
      input: z.strictObject({
        TopicArn: topicArn,
        Message: z.string().min(1).max(LIMITS.topicMessageBytes.value),
        Subject: z
          .string()
          .max(100)
          .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII without line breaks')
          .optional(),
        MessageAttributes: attributes,
      }),
      invalidCode: 'InvalidParameter',
      needs: (input) => needsForPublish(platform, topics.find(input.TopicArn)),
      run(input) {
        deliver(topics.find(input.TopicArn), input.Subject, input.Message);
        return { MessageId: randomUUID() };
      },
    }),
    ListTopics: operation({
      input: z.strictObject({}),
      needs: () => [{ action: 'sns:ListTopics', resource: '*' }],
      run: () => ({ Topics: topics.topicArns().map((arn) => ({ TopicArn: arn })) }),
    }),
    GetTopicAttributes: operation({
      input: z.strictObject({ TopicArn: topicArn }),
      needs: (input) => [{ action: 'sns:GetTopicAttributes', resource: input.TopicArn }],
      run(input) {
        const topic = topics.find(input.TopicArn);
        return {
          Attributes: {
            TopicArn: topic.arn,
            DisplayName: topic.displayName,
            Owner: platform.accountId,
            SubscriptionsConfirmed: String(topics.subscriptions(topic.arn).length),
            SubscriptionsPending: '0',
            ...(topic.key === undefined ? {} : { KmsMasterKeyId: topic.key }),
          },
        };
      },
    }),
    ListSubscriptions: operation({
      input: z.strictObject({}),
      needs: () => [{ action: 'sns:ListSubscriptions', resource: '*' }],
      run: () => ({
        Subscriptions: topics.subscriptions().map((one) => shape(one, platform.accountId)),
      }),
    }),
    ListSubscriptionsByTopic: operation({
      input: z.strictObject({ TopicArn: topicArn }),
      needs: (input) => [{ action: 'sns:ListSubscriptionsByTopic', resource: input.TopicArn }],
      run: (input) => ({
        Subscriptions: topics
          .subscriptions(topics.find(input.TopicArn).arn)
          .map((one) => shape(one, platform.accountId)),
      }),
    }),
  };

  return queryService({
    scope: 'sns',
    namespace: 'http://sns.amazonaws.com/doc/2010-03-31/',
    operations,
    access: platform.access,
    maps: ['Attributes'],
    rest: {
      resources: snsResources(platform, topics),
      controls: { 'GET /_local/mail': (): Json => [...mails] },
    },
  });
}

/** Whoever publishes to an encrypted topic needs its key, too; services are let in by the key's policy only. */
function needsForPublish(platform: Platform, topic: Topic): Authorization[] {
  const publish = { action: 'sns:Publish', resource: topic.arn };
  if (topic.key === undefined) return [publish];
  const prefix = `arn:${platform.partition}:kms:${platform.region}:${platform.accountId}:`;
  const resource = topic.key.startsWith('arn:')
    ? topic.key
    : `${prefix}${topic.key.startsWith('alias/') ? '' : 'key/'}${topic.key}`;
  const context = {
    'kms:ViaService': `sns.${platform.region}.amazonaws.com`,
    'kms:CallerAccount': platform.accountId,
  };
  return [
    publish,
    ...['kms:GenerateDataKey', 'kms:Decrypt'].map((action) => ({ action, resource, context })),
  ];
}

function shape(subscription: Subscription, owner: string): JsonObject {
  return {
    SubscriptionArn: subscription.arn,
    Owner: owner,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    TopicArn: subscription.topicArn,
  };
}
