/** The events that S3 sends to EventBridge for buckets that have it switched on. */
import { randomUUID } from 'node:crypto';
import type { Caller, HttpRequest, HttpResponse, JsonObject, Platform } from '../../platform.ts';
import type { Bucket } from './resources.ts';
import type { S3Request } from './wire.ts';

export interface Events {
  tell(bucket: Bucket, asked: S3Request, request: HttpRequest, response: HttpResponse, caller: Caller): void;
}

export function createEvents(platform: Platform): Events {
  // Orders events of one key: longer or greater text is later.
  let sequence = 0n;
  return {
    tell(bucket, asked, request, response, caller) {
      const created = asked.operation === 'PutObject';
      if (!bucket.eventBridge || (!created && asked.operation !== 'DeleteObject')) return;
      sequence += 1n;
      const sequencer = (BigInt(platform.clock.now()) * 65_536n + sequence)
        .toString(16)
        .toUpperCase()
        .padStart(18, '0');
      const object: JsonObject = created
        ? {
            key: asked.key,
            size: sizeOf(request),
            etag: (response.headers['etag'] ?? '').replaceAll('"', ''),
            sequencer,
          }
        : { key: asked.key, sequencer };
      platform.emit({
        source: 'aws.s3',
        'detail-type': created ? 'Object Created' : 'Object Deleted',
        resources: [bucket.arn],
        detail: {
          version: '0',
          bucket: { name: bucket.name },
          object,
          'request-id': randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase(),
          requester: caller.kind === 'service' ? caller.service : platform.accountId,
          ...(caller.kind === 'service' ? {} : { 'source-ip-address': '127.0.0.1' }),
          reason: asked.operation,
          ...(created ? {} : { 'deletion-type': 'Permanently Deleted' }),
        },
      });
    },
  };
}

/** A chunked upload tells the length of the object itself in a header of its own. */
function sizeOf(request: HttpRequest): number {
  return Number(request.headers['x-amz-decoded-content-length'] ?? request.body.length);
}
