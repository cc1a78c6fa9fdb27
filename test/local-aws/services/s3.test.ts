import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createS3Service } from '../../../local-aws/services/s3/index.ts';
import { administrator, startPlatform } from '../start-platform.ts';
import type { StartedPlatform } from '../start-platform.ts';

let aws: StartedPlatform;
let client: S3Client;

beforeAll(async () => {
  aws = await startPlatform((platform) => [createS3Service(platform)]);
  client = new S3Client({ ...aws.client, forcePathStyle: true });
  await aws.create('AWS::S3::Bucket', {
    BucketName: 'crls',
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
    },
    NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] },
    PublicAccessBlockConfiguration: { BlockPublicAcls: true },
  });
});
beforeEach(() => {
  aws.events.length = 0;
});
afterAll(async () => {
  client.destroy();
  await aws.gateway.close();
});

test('an object put by the SDK comes back whole and is announced on the event bus', async () => {
  const Body = Buffer.from([0, 1, 2, 255]);
  await client.send(new PutObjectCommand({ Bucket: 'crls', Key: 'crl/a b.crl', Body }));
  const got = await client.send(new GetObjectCommand({ Bucket: 'crls', Key: 'crl/a b.crl' }));
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(Body);
  expect(aws.events).toMatchObject([
    {
      source: 'aws.s3',
      'detail-type': 'Object Created',
      resources: ['arn:aws:s3:::crls'],
      detail: {
        version: '0',
        bucket: { name: 'crls' },
        object: { key: 'crl/a b.crl', size: 4, etag: got.ETag?.replaceAll('"', '') },
        reason: 'PutObject',
      },
    },
  ]);
});

test('services put and get objects in process, empty ones too', async () => {
  const pca = {
    kind: 'service',
    service: 'acm-pca.amazonaws.com',
    sourceArn: 'arn:aws:acm-pca:::x',
  } as const;
  await aws.platform.call(pca, 's3', 'PutObject', { Bucket: 'crls', Key: 'empty', Body: '' });
  await aws.platform.call(pca, 's3', 'PutObject', { Bucket: 'crls', Key: 'crl/1.crl', Body: 'AAEC' });
  expect(aws.events.map((event) => event.detail['requester'])).toEqual([
    'acm-pca.amazonaws.com',
    'acm-pca.amazonaws.com',
  ]);
  const got = await aws.platform.call(administrator, 's3', 'GetObject', { Bucket: 'crls', Key: 'crl/1.crl' });
  expect(got).toMatchObject({ Body: 'AAEC', ContentLength: 3 });
});

test('objects are listed, described and deleted', async () => {
  await client.send(new PutObjectCommand({ Bucket: 'crls', Key: 'list/x', Body: 'abc' }));
  const listed = await client.send(new ListObjectsV2Command({ Bucket: 'crls', Prefix: 'list/' }));
  expect(listed.Contents?.map((one) => one.Key)).toEqual(['list/x']);
  const head = await client.send(new HeadObjectCommand({ Bucket: 'crls', Key: 'list/x' }));
  expect(head.ContentLength).toBe(3);
  await client.send(new DeleteObjectCommand({ Bucket: 'crls', Key: 'list/x' }));
  await expect(client.send(new GetObjectCommand({ Bucket: 'crls', Key: 'list/x' }))).rejects.toThrow(
    NoSuchKey,
  );
});

test('what is not supported is refused by name', async () => {
  const tagging = new PutObjectTaggingCommand({ Bucket: 'crls', Key: 'x', Tagging: { TagSet: [] } });
  await expect(client.send(tagging)).rejects.toThrow('query parameter tagging');
  const storage = new PutObjectCommand({ Bucket: 'crls', Key: 'x', Body: 'x', StorageClass: 'GLACIER' });
  await expect(client.send(storage)).rejects.toThrow('x-amz-storage-class');
  await expect(aws.create('AWS::S3::Bucket', { WebsiteConfiguration: {} })).rejects.toThrow(
    'WebsiteConfiguration',
  );
  const hostStyle = new S3Client({
    ...aws.client,
    endpoint: aws.client.endpoint.replace('127.0.0.1', 'localhost'),
  });
  await expect(hostStyle.send(new HeadObjectCommand({ Bucket: 'crls', Key: 'x' }))).rejects.toThrow();
  hostStyle.destroy();
});
