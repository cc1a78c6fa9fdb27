import { ListSubscriptionsByTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller } from '../../../local-aws/platform.ts';
import { createKmsService } from '../../../local-aws/services/kms/index.ts';
import { createSnsService } from '../../../local-aws/services/sns/index.ts';
import { startPlatform } from '../start-platform.ts';
import type { StartedPlatform } from '../start-platform.ts';

let aws: StartedPlatform;
let client: SNSClient;

beforeAll(async () => {
  aws = await startPlatform((platform) => [createSnsService(platform), createKmsService(platform)], {
    enforce: true,
  });
  client = new SNSClient(aws.client);
});
afterAll(async () => {
  client.destroy();
  await aws.gateway.close();
});

test('a published message becomes one mail per subscriber', async () => {
  const { ref: TopicArn } = await aws.create('AWS::SNS::Topic', { TopicName: 'Failed' });
  await aws.create('AWS::SNS::Subscription', { TopicArn, Protocol: 'email', Endpoint: 'ops@example.com' });
  await client.send(new PublishCommand({ TopicArn, Subject: 'two hosts', Message: 'a & b\nc <d>' }));
  const expected = [
    { topicArn: TopicArn, endpoint: 'ops@example.com', subject: 'two hosts', message: 'a & b\nc <d>' },
  ];
  expect(await aws.control('GET', '/_local/mail')).toMatchObject(expected);
  const { Subscriptions: list } = await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  expect(list).toMatchObject([{ Protocol: 'email', Endpoint: 'ops@example.com' }]);
});

test('a service may publish to an encrypted topic only if both the topic and its own key let it', async () => {
  const alarm: Caller = { kind: 'service', service: 'cloudwatch.amazonaws.com' };
  const Statement = {
    Effect: 'Allow',
    Principal: { Service: 'cloudwatch.amazonaws.com' },
    Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
    Resource: '*',
  };
  const key = await aws.create('AWS::KMS::Key', {
    EnableKeyRotation: true,
    KeyPolicy: {
      Version: '2012-10-17',
      Statement: { ...Statement, Action: ['kms:Decrypt', 'kms:GenerateDataKey*'] },
    },
  });
  const publish = async (topicName: string, masterKey: string): Promise<unknown> => {
    const { ref } = await aws.create('AWS::SNS::Topic', { TopicName: topicName, KmsMasterKeyId: masterKey });
    const allow = { ...Statement, Action: 'sns:Publish', Resource: ref };
    await aws.create(
      'AWS::SNS::TopicPolicy',
      { Topics: [ref], PolicyDocument: { Statement: allow } },
      topicName,
    );
    return aws.platform.call(alarm, 'sns', 'Publish', { TopicArn: ref, Message: 'alarm' });
  };
  await publish('Customer', key.attributes['Arn'] ?? '');
  await expect(publish('Managed', 'alias/aws/sns')).rejects.toThrow('kms:GenerateDataKey');
});

test('what is not supported is refused by name', async () => {
  await expect(aws.create('AWS::SNS::Topic', { FifoTopic: true })).rejects.toThrow('FifoTopic');
  const sms = { TopicArn: 'x', Protocol: 'sms', Endpoint: '+1' };
  await expect(aws.create('AWS::SNS::Subscription', sms)).rejects.toThrow('Protocol');
  await expect(aws.create('AWS::KMS::Key', { KeyPolicy: {}, Origin: 'EXTERNAL' })).rejects.toThrow('Origin');
  await expect(client.send(new PublishCommand({ PhoneNumber: '+1', Message: 'x' }))).rejects.toThrow(
    'PhoneNumber',
  );
});
