/**
 * From the events of Lambda to our words. Whatever does not have the shape it must have is an `InvalidMessage`: it is
 * tried again a few times, then kept as a dead letter for a person to read.
 */
import type { DynamoDBRecord, SQSRecord } from 'aws-lambda';
import { CertvendError } from '../src/core/errors.ts';
import { HOST_ID } from '../src/core/host-request.ts';
import type { OwnMessage, WorkItem } from '../src/core/messages.ts';

type Fields = Readonly<Record<string, unknown>>;
const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const COMMAND_ID = /^[0-9a-f-]{36}$/;

/** Reads a message of ours, or an EventBridge event that a rule put into the queue; undefined: an event that says nothing new. */
export function workItem(record: SQSRecord): WorkItem | undefined {
  const body = fields(parseJson(record.body));
  if ('kind' in body) return ownMessage(body);
  const detail = fields(body['detail']);
  if (body['source'] === 'aws.ssm') return commandFinished(detail);
  if (body['source'] === 'aws.acm-pca') return certificateIssued(body, detail);
  throw new CertvendError(
    'InvalidMessage',
    `message ${record.messageId} is neither ours nor an event of SSM or Private CA`,
  );
}

/** How the object event, the revocation event or the daily look (lib/schedules.ts) of CRLProcessor reads. */
export function crlEvent(event: unknown): { bucket: string; key: string } | { revokedArn: string } {
  const body = fields(event);
  const detail = fields(body['detail']);
  if (body['source'] === 'aws.s3') {
    const bucket = fields(detail['bucket'])['name'];
    const key = fields(detail['object'])['key'];
    if (typeof bucket === 'string' && typeof key === 'string') return { bucket, key };
  }
  const { certvend, bucket, key } = body;
  if (certvend === 'reconcile' && typeof bucket === 'string' && typeof key === 'string')
    return { bucket, key };
  const arn = resource(body, 1);
  if (body['source'] === 'aws.acm-pca' && arn !== undefined) return { revokedArn: arn };
  throw new CertvendError(
    'InvalidMessage',
    'the event is neither an S3 Object Created nor a certificate revocation event, nor the daily look',
  );
}

/** Whether certvend made this change of a row itself: its writes always bring a new revision. */
export function isOwnWrite({ dynamodb }: DynamoDBRecord): boolean {
  const revision = dynamodb?.NewImage?.['revision']?.S;
  return revision !== undefined && revision !== dynamodb?.OldImage?.['revision']?.S;
}

function ownMessage({ kind, hostId, attempt }: Fields): OwnMessage {
  const known = (['start', 'resume', 'lookAgain'] as const).find((name) => name === kind);
  const wellFormed =
    typeof hostId === 'string' && HOST_ID.test(hostId) && typeof attempt === 'string' && ULID.test(attempt);
  if (known === undefined || !wellFormed)
    throw new CertvendError('InvalidMessage', 'a message of ours has a wrong shape');
  return { kind: known, hostId, attempt };
}

function commandFinished(detail: Fields): WorkItem | undefined {
  const [commandId, hostId] = [detail['command-id'], detail['instance-id']];
  if (typeof commandId !== 'string' || !COMMAND_ID.test(commandId) || typeof hostId !== 'string') {
    throw new CertvendError('InvalidMessage', 'the command event lacks command-id or instance-id');
  }
  return HOST_ID.test(hostId) ? { kind: 'commandFinished', commandId, hostId } : undefined;
}

function certificateIssued(event: Fields, detail: Fields): WorkItem {
  const arn = resource(event, 1);
  if (arn === undefined) throw new CertvendError('InvalidMessage', 'the issuance event names no certificate');
  return { kind: 'certificateIssued', certificateArn: arn, succeeded: detail['result'] === 'success' };
}

function resource(event: Fields, index: number): string | undefined {
  const resources: unknown = event['resources'];
  const value: unknown = Array.isArray(resources) ? resources[index] : undefined;
  return typeof value === 'string' && value.includes(':acm-pca:') ? value : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CertvendError('InvalidMessage', 'a message is not JSON', { cause });
  }
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
