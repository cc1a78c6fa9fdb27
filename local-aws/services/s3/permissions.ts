/** What an S3 request needs, and what it may not ask for. */
import { AwsError } from '../../platform.ts';
import type { Authorization, HttpRequest, Platform } from '../../platform.ts';
import type { Bucket } from './resources.ts';
import type { S3Request } from './wire.ts';

const ACTIONS: Readonly<Record<string, string>> = {
  PutObject: 's3:PutObject',
  GetObject: 's3:GetObject',
  HeadObject: 's3:GetObject',
  DeleteObject: 's3:DeleteObject',
};

export function needs(platform: Platform, asked: S3Request, request: HttpRequest): Authorization[] {
  const arn = `arn:${platform.partition}:s3:::${asked.bucket}`;
  if (asked.operation === 'ListBuckets') return [{ action: 's3:ListAllMyBuckets', resource: '*' }];
  const action = ACTIONS[asked.operation];
  if (action === undefined) {
    return [
      { action: 's3:ListBucket', resource: arn, context: { 's3:prefix': request.query.get('prefix') ?? '' } },
    ];
  }
  const resource = `${arn}/${asked.key}`;
  const acl = request.headers['x-amz-acl'];
  if (acl === undefined) return [{ action, resource }];
  const context = { 's3:x-amz-acl': acl };
  return [
    { action, resource, context },
    { action: 's3:PutObjectAcl', resource, context },
  ];
}

/** Refuses ACLs where the bucket has them switched off, and encryption that would need a key. */
export function refuseAcl(bucket: Bucket, request: HttpRequest): void {
  const acl = request.headers['x-amz-acl'];
  if (acl !== undefined && acl !== 'bucket-owner-full-control' && bucket.aclsDisabled) {
    throw new AwsError('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
  const encryption = request.headers['x-amz-server-side-encryption'];
  if (encryption !== undefined && encryption !== 'AES256') {
    throw new AwsError(
      'NotImplemented',
      `the local AWS does not support server-side encryption ${encryption}`,
      501,
    );
  }
}

/** S3 says AccessDenied where the JSON services say AccessDeniedException. */
export function asS3Error(error: unknown): unknown {
  if (!(error instanceof AwsError) || error.code !== 'AccessDeniedException') return error;
  return new AwsError('AccessDenied', error.message, 403);
}
