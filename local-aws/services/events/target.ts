/** Hands a message to what an ARN names, as the given caller. Shared by rules, schedules and failure destinations. */
import { AwsError } from '../../platform.ts';
import type { Caller, JsonObject, Platform } from '../../platform.ts';

/** A role session of one of our own services, without access keys of its own: it never leaves this process. */
export function roleCaller(roleArn: string, sessionName: string): Caller {
  const [, partition = 'aws', , , accountId = '', ...resource] = roleArn.split(':');
  const roleName = resource.join(':').split('/').at(-1) ?? '';
  const arn = `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
  return { kind: 'role', arn, roleArn, sessionName, accessKeyId: 'in-process' };
}

export function queueUrl(platform: Platform, queueArn: string): string {
  const [, , , , accountId = '', name = ''] = queueArn.split(':');
  return `${platform.endpoint}/${accountId}/${name}`;
}

/** Throws at deployment for a target that `deliver` cannot reach. */
export function assertTarget(arn: string): void {
  if (!['sqs', 'sns', 'lambda'].includes(serviceOf(arn))) {
    throw new AwsError(
      'ValidationException',
      `target ${arn}: only queues, topics and functions are modelled`,
    );
  }
}

/** Queue: one message. Topic: one notification. Function: one asynchronous invocation. */
export async function deliver(
  platform: Platform,
  caller: Caller,
  arn: string,
  message: { readonly body: string; readonly attributes?: Readonly<Record<string, string>> },
): Promise<void> {
  const attributes: JsonObject = {};
  for (const [name, value] of Object.entries(message.attributes ?? {})) {
    attributes[name] = { DataType: 'String', StringValue: value };
  }
  const extra: JsonObject = Object.keys(attributes).length > 0 ? { MessageAttributes: attributes } : {};
  assertTarget(arn);
  switch (serviceOf(arn)) {
    case 'sqs':
      await platform.call(caller, 'sqs', 'SendMessage', {
        QueueUrl: queueUrl(platform, arn),
        MessageBody: message.body,
        ...extra,
      });
      return;
    case 'sns':
      await platform.call(caller, 'sns', 'Publish', { TopicArn: arn, Message: message.body, ...extra });
      return;
    default:
      await platform.call(caller, 'lambda', 'Invoke', {
        FunctionName: arn,
        InvocationType: 'Event',
        Payload: message.body,
      });
  }
}

function serviceOf(arn: string): string {
  return arn.split(':')[2] ?? '';
}
