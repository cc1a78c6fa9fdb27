/** S3 (path style): fauxqs in process, behind our list of operations and parameters, with policies and events added. */
import { buildApp } from 'fauxqs';
import { z } from 'zod';
import { s3Error } from '../../gateway/errors.ts';
import { parseStrictly } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { Caller, HttpRequest, HttpResponse, JsonObject, Platform, Service } from '../../platform.ts';
import { createEvents } from './events.ts';
import { asS3Error, needs, refuseAcl } from './permissions.ts';
import { s3Resources } from './resources.ts';
import type { Bucket } from './resources.ts';
import { encodeKeys, nameS3Operation, readS3Request, s3OperationNames } from './wire.ts';
import type { S3Request } from './wire.ts';

const place = { Bucket: z.string(), Key: z.string().min(1) };
const inputs = {
  PutObject: z.strictObject({
    ...place,
    Body: z.base64(),
    ContentType: z.string().optional(),
    ACL: z.string().optional(),
  }),
  GetObject: z.strictObject(place),
  HeadObject: z.strictObject(place),
  DeleteObject: z.strictObject(place),
};
const METHODS = { PutObject: 'PUT', GetObject: 'GET', HeadObject: 'HEAD', DeleteObject: 'DELETE' } as const;

export function createS3Service(platform: Platform): Service {
  const app = buildApp({ logger: false, defaultRegion: platform.region });
  const buckets = new Map<string, Bucket>();
  const events = createEvents(platform);

  function find(name: string): Bucket {
    const found = buckets.get(name);
    if (found === undefined)
      throw new AwsError('NoSuchBucket', `The specified bucket ${name} does not exist`, 404);
    return found;
  }

  async function forward(request: HttpRequest): Promise<HttpResponse> {
    const query = [...request.query].filter(([name]) => !name.startsWith('X-Amz-'));
    const search = new URLSearchParams(query).toString();
    const received = Object.entries(request.headers).filter(
      // fauxqs fails over the checksum of an empty object, which cannot be wrong.
      ([name]) => !HOP_BY_HOP.has(name) && !(request.body.length === 0 && CHECKSUM.test(name)),
    );
    const answer = await app.inject({
      method: methodOf(request.method),
      url: search === '' ? request.path : `${request.path}?${search}`,
      // Any other host would be taken for a bucket.
      // Without a type fauxqs does not see an empty body.
      headers: { 'content-type': 'binary/octet-stream', ...Object.fromEntries(received), host: 'localhost' },
      ...(request.body.length === 0 ? {} : { payload: request.body }),
    });
    const headers = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name));
    if (request.query.get('encoding-type') === 'url' && answer.statusCode === 200) {
      return {
        status: 200,
        headers: { 'content-type': 'application/xml' },
        body: encodeKeys(answer.payload),
      };
    }
    return {
      status: answer.statusCode,
      headers: {
        ...Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
        ...(answer.statusCode === 200 && ['GET', 'HEAD'].includes(request.method) ? RANGES : {}),
      },
      body: answer.rawPayload,
    };
  }

  async function perform(request: HttpRequest, asked: S3Request, caller: Caller): Promise<HttpResponse> {
    platform.access.authorize(caller, needs(platform, asked, request));
    if (asked.operation === 'ListBuckets') return forward(request);
    const bucket = find(asked.bucket);
    refuseAcl(bucket, request);
    const response = await forward(request);
    if (response.status === 404 && asked.key !== '') {
      // Only who may list the bucket is told that a key does not exist; for all others it is forbidden, as in AWS.
      platform.access.authorize(caller, [{ action: 's3:ListBucket', resource: bucket.arn }]);
    }
    if (response.status < 300) events.tell(bucket, asked, request, response, caller);
    return response;
  }

  async function call(operation: string, input: JsonObject, caller: Caller): Promise<JsonObject> {
    if (
      operation !== 'PutObject' &&
      operation !== 'GetObject' &&
      operation !== 'HeadObject' &&
      operation !== 'DeleteObject'
    ) {
      throw new AwsError(
        'NotImplemented',
        `the local AWS has no operation ${operation} of s3 in process`,
        501,
      );
    }
    const given: z.infer<(typeof inputs)['PutObject']> = {
      Body: '',
      ...parseStrictly(inputs[operation], input),
    };
    const request: HttpRequest = {
      method: METHODS[operation],
      path: `/${given.Bucket}/${given.Key.split('/').map(encodeURIComponent).join('/')}`,
      query: new URLSearchParams(),
      headers: {
        'content-type': given.ContentType ?? 'application/octet-stream',
        ...(given.ACL === undefined ? {} : { 'x-amz-acl': given.ACL }),
      },
      body: Buffer.from(given.Body, 'base64'),
    };
    const asked = { operation, bucket: given.Bucket, key: given.Key };
    const response = await perform(request, asked, caller).catch((error: unknown) => {
      throw asS3Error(error);
    });
    if (response.status >= 300) {
      const code = /<Code>([^<]*)<\/Code>/.exec(response.body.toString())?.[1];
      throw new AwsError(
        code ?? (response.status === 404 ? 'NotFound' : 'S3Error'),
        `${operation} of ${given.Key} failed`,
        response.status,
      );
    }
    if (operation === 'DeleteObject') return {};
    const ETag = response.headers['etag'] ?? '';
    if (operation === 'PutObject') return { ETag };
    return {
      ...(operation === 'GetObject' ? { Body: Buffer.from(response.body).toString('base64') } : {}),
      ETag,
      ContentType: response.headers['content-type'] ?? '',
      ContentLength: Number(response.headers['content-length'] ?? 0),
      LastModified: response.headers['last-modified'] ?? '',
    };
  }

  return {
    scope: 's3',
    operations: s3OperationNames,
    call,
    operationName: (request) => nameS3Operation(request),
    async handle(request, caller) {
      let response: HttpResponse;
      try {
        response = await perform(request, readS3Request(request), caller);
      } catch (thrown) {
        const error = asS3Error(thrown);
        if (!(error instanceof AwsError)) throw error;
        response = s3Error(error, 'local');
      }
      const code = /<Code>([^<]*)<\/Code>/.exec(response.status < 400 ? '' : response.body.toString())?.[1];
      return code === undefined
        ? response
        : { ...response, headers: { ...response.headers, 'x-local-error': code } };
    },
    resources: s3Resources(
      platform,
      async (bucket) => {
        if (buckets.has(bucket.name)) {
          throw new AwsError('BucketAlreadyOwnedByYou', `a bucket named ${bucket.name} exists already`, 409);
        }
        await app.inject({ method: 'PUT', url: `/${bucket.name}`, headers: { host: 'localhost' } });
        buckets.set(bucket.name, bucket);
      },
      find,
    ),
    close: () => app.close(),
  };
}

const CHECKSUM = /^x-amz-(?:checksum-|sdk-checksum-algorithm$)/;
const RANGES = { 'accept-ranges': 'bytes' };

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'expect',
  'date',
]);

function methodOf(method: string): 'GET' | 'PUT' | 'HEAD' | 'DELETE' {
  return method === 'PUT' || method === 'HEAD' || method === 'DELETE' ? method : 'GET';
}
