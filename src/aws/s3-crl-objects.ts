import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { CertvendError } from '../core/errors.ts';
import type { CrlObjects } from '../ports/revocation-lists.ts';
import { errorName, translate } from './sdk-errors.ts';

/** More than Roles Anywhere takes is not read into memory. */
const BYTES_MAX = 300_000;

export function s3CrlObjects(client: S3Client): CrlObjects {
  return {
    async get(bucket, key) {
      try {
        const { Body, ContentLength = 0 } = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: key }),
        );
        if (ContentLength > BYTES_MAX) {
          throw new CertvendError(
            'InvalidCrl',
            `the CRL has ${String(ContentLength)} bytes; at most ${String(BYTES_MAX)} are read`,
          );
        }
        return await Body?.transformToByteArray();
      } catch (error) {
        if (errorName(error) === 'NoSuchKey') return undefined;
        throw translate('GetObject', error);
      }
    },
  };
}
