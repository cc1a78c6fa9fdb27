/** What a function's role must be allowed before Lambda accepts an event source, and the policy behind a permission. */
import { z } from 'zod';
import { AwsError } from '../../platform.ts';
import type { Authorization, JsonObject, Platform } from '../../platform.ts';
import { queueUrl } from '../events/target.ts';
import type { LambdaFunction } from './function.ts';
import type { PermissionProperties } from './resources.ts';

/** Lambda refuses a mapping whose function may not read the source. */
export function assertMay(platform: Platform, fn: LambdaFunction, needed: readonly Authorization[]): void {
  try {
    platform.access.authorize(fn.caller, needed);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError(
      'InvalidParameterValueException',
      `The function execution role does not have permissions to read the event source: ${error.message}`,
    );
  }
}

const attributesShape = z.object({ Attributes: z.object({ VisibilityTimeout: z.coerce.number() }) });

/** Lambda refuses a queue whose messages would come back while the function still works on them. */
export async function assertVisibleLongEnough(
  platform: Platform,
  fn: LambdaFunction,
  queueArn: string,
): Promise<void> {
  const input = { QueueUrl: queueUrl(platform, queueArn), AttributeNames: ['VisibilityTimeout'] };
  const answer = await platform.call(fn.caller, 'sqs', 'GetQueueAttributes', input);
  const { VisibilityTimeout: visibility } = attributesShape.parse(answer).Attributes;
  const { Timeout: timeout } = fn.properties;
  if (visibility >= timeout) return;
  throw new AwsError(
    'InvalidParameterValueException',
    `Queue visibility timeout: ${String(visibility)} seconds is less than Function timeout: ${String(timeout)} seconds`,
  );
}

export function queueActions(resource: string): Authorization[] {
  return ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'].map((action) => ({
    action,
    resource,
  }));
}

/** All four on the stream itself, as AWS documents the policy, although ListStreams knows no resources. */
export function streamActions(resource: string): Authorization[] {
  return ['DescribeStream', 'GetShardIterator', 'GetRecords', 'ListStreams'].map((name) => ({
    action: `dynamodb:${name}`,
    resource,
  }));
}

/** The resource policy statement of one AWS::Lambda::Permission. */
export function policyOf(permission: PermissionProperties, arn: string, sid: string): JsonObject {
  const { Principal: principal, SourceArn: sourceArn, SourceAccount: account } = permission;
  const condition: JsonObject = {
    ...(sourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': sourceArn } }),
    ...(account === undefined ? {} : { StringEquals: { 'aws:SourceAccount': account } }),
  };
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: sid,
        Effect: 'Allow',
        Principal: principal.includes('.amazonaws.com') ? { Service: principal } : { AWS: principal },
        Action: permission.Action,
        Resource: arn,
        ...(Object.keys(condition).length > 0 ? { Condition: condition } : {}),
      },
    ],
  };
}
