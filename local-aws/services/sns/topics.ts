/** Topics and who subscribed to them. */
import { randomUUID } from 'node:crypto';
import { AwsError } from '../../platform.ts';
import type { Platform } from '../../platform.ts';

export interface Topic {
  readonly name: string;
  readonly arn: string;
  readonly displayName: string;
  /** As the template gives it: key id, ARN or alias. */
  readonly key: string | undefined;
}
export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: 'email' | 'email-json';
  readonly endpoint: string;
}
export interface Topics {
  add(topic: Omit<Topic, 'arn'>): Topic;
  find(topicArn: string): Topic;
  subscribe(subscription: Omit<Subscription, 'arn'>): Subscription;
  topicArns(): string[];
  /** Those of one topic, or all. */
  subscriptions(topicArn?: string): Subscription[];
}

export function createTopics(platform: Platform): Topics {
  const topics = new Map<string, Topic>();
  const subscriptions: Subscription[] = [];
  const registry: Topics = {
    add(topic) {
      const arn = `arn:${platform.partition}:sns:${platform.region}:${platform.accountId}:${topic.name}`;
      if (topics.has(arn))
        throw new AwsError('InvalidParameter', `a topic named ${topic.name} exists already`);
      const added = { ...topic, arn };
      topics.set(arn, added);
      return added;
    },
    find(arn) {
      const found = topics.get(arn);
      if (found === undefined) throw new AwsError('NotFound', `Topic ${arn} does not exist`, 404);
      return found;
    },
    subscribe(subscription) {
      const added = { ...subscription, arn: `${registry.find(subscription.topicArn).arn}:${randomUUID()}` };
      subscriptions.push(added);
      return added;
    },
    topicArns: () => [...topics.keys()],
    subscriptions: (topicArn) =>
      topicArn === undefined ? [...subscriptions] : subscriptions.filter((one) => one.topicArn === topicArn),
  };
  return registry;
}
