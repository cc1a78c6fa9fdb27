/** AWS::SQS::Queue and AWS::SQS::QueuePolicy. */
import { z } from 'zod';
import { parseStrictly } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import type { Json, Platform, ResourceType } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';
import type { Queue, QueueSettings } from './queue-types.ts';

const redrivePolicy = z.strictObject({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().int().min(1).max(1000),
});
/** CloudFormation takes an object, the API a string. */
const redrive = z.union([
  redrivePolicy,
  z.string().transform((text) => redrivePolicy.parse(JSON.parse(text))),
]);

const queueProperties = z.strictObject({
  QueueName: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,80}$/, 'must be 1-80 letters, digits, - or _ (FIFO is not supported)')
    .optional(),
  VisibilityTimeout: z.number().int().min(0).max(LIMITS.queueVisibility.value).optional(),
  MessageRetentionPeriod: z.number().int().min(60).max(1_209_600).optional(),
  DelaySeconds: z.number().int().min(0).max(LIMITS.queueDelay.value).optional(),
  ReceiveMessageWaitTimeSeconds: z.number().int().min(0).max(20).optional(),
  MaximumMessageSize: z.number().int().min(1024).max(LIMITS.queueMessageBytes.value).optional(),
  RedrivePolicy: redrive.optional(),
  RedriveAllowPolicy: z.json().optional(),
  SqsManagedSseEnabled: z.boolean().optional(),
  KmsMasterKeyId: z.string().optional(),
  KmsDataKeyReusePeriodSeconds: z.number().int().optional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
});
const policyProperties = z.strictObject({
  PolicyDocument: z.record(z.string(), z.json()),
  Queues: z.array(z.string()),
});

export function sqsResources(
  platform: Platform,
  add: (name: string, settings: QueueSettings, attributes: Record<string, string>) => Queue,
  find: (urlOrName: string) => Queue,
): Readonly<Record<string, ResourceType>> {
  return {
    'AWS::SQS::Queue': (input, context) => {
      const given = parseStrictly(queueProperties, input);
      const settings: QueueSettings = {
        visibilityTimeout: given.VisibilityTimeout ?? 30,
        retentionPeriod: given.MessageRetentionPeriod ?? 345_600,
        delay: given.DelaySeconds ?? 0,
        receiveWait: given.ReceiveMessageWaitTimeSeconds ?? 0,
        maximumMessageSize: given.MaximumMessageSize ?? LIMITS.queueMessageBytes.value,
        redrive: given.RedrivePolicy,
      };
      const { KmsMasterKeyId: key, RedriveAllowPolicy: allow } = given;
      const queue = add(given.QueueName ?? generatedName(context, 80), settings, {
        SqsManagedSseEnabled: String(given.SqsManagedSseEnabled ?? key === undefined),
        ...(key === undefined ? {} : { KmsMasterKeyId: key }),
        ...(allow === undefined ? {} : { RedriveAllowPolicy: textOf(allow) }),
      });
      return { ref: queue.url, attributes: { Arn: queue.arn, QueueName: queue.name, QueueUrl: queue.url } };
    },
    'AWS::SQS::QueuePolicy': (input, { logicalId }) => {
      const { PolicyDocument: document, Queues: urls } = parseStrictly(policyProperties, input);
      for (const url of urls) platform.access.attachResourcePolicy(find(url).arn, logicalId, document);
      return { ref: logicalId };
    },
  };
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
