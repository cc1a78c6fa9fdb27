/** S3's REST dialect: which operation a request is, and what it may carry. Anything not listed is refused by name. */
import { AwsError } from '../../platform.ts';
import type { HttpRequest } from '../../platform.ts';

export interface S3Request {
  readonly operation: string;
  readonly bucket: string;
  readonly key: string;
}

interface Shape {
  readonly query: readonly string[];
  readonly headers: readonly string[];
}

const PUT_HEADERS = [
  'x-amz-acl',
  'x-amz-server-side-encryption',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
];
const LIST = ['prefix', 'delimiter', 'max-keys', 'encoding-type'];
const SHAPES: Readonly<Record<string, Shape>> = {
  ListBuckets: { query: [], headers: [] },
  HeadBucket: { query: [], headers: [] },
  ListObjects: { query: [...LIST, 'marker'], headers: [] },
  ListObjectsV2: {
    query: [...LIST, 'list-type', 'continuation-token', 'start-after', 'fetch-owner'],
    headers: ['x-amz-optional-object-attributes'],
  },
  PutObject: { query: [], headers: PUT_HEADERS },
  GetObject: { query: [], headers: ['x-amz-checksum-mode'] },
  HeadObject: { query: [], headers: ['x-amz-checksum-mode'] },
  DeleteObject: { query: [], headers: [] },
};
/** Of the signature and the client itself. */
const COMMON_HEADERS = [
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-security-token',
  'x-amz-user-agent',
  'x-amz-expected-bucket-owner',
];

function placeOf(request: HttpRequest): { bucket: string; key: string } {
  const [, bucket = '', ...rest] = request.path.split('/');
  try {
    return { bucket: decodeURIComponent(bucket), key: decodeURIComponent(rest.join('/')) };
  } catch {
    throw new AwsError('InvalidURI', `the path ${request.path} is not percent-encoded UTF-8`);
  }
}

export const s3OperationNames: readonly string[] = Object.keys(SHAPES);

/** The operation of a request, whether or not everything that it carries is supported. */
export function nameS3Operation(request: HttpRequest): string | undefined {
  return operationOf(request, placeOf(request));
}

export function readS3Request(request: HttpRequest): S3Request {
  const place = placeOf(request);
  const operation = operationOf(request, place);
  const shape = operation === undefined ? undefined : SHAPES[operation];
  if (operation === undefined || shape === undefined)
    throw unsupported(`${request.method} ${request.path}`, 'request');
  for (const name of request.query.keys()) {
    if (name !== 'x-id' && !name.startsWith('X-Amz-') && !shape.query.includes(name)) {
      throw unsupported(`${name} of ${operation}`, 'query parameter');
    }
  }
  for (const name of Object.keys(request.headers)) {
    const known =
      !name.startsWith('x-amz-') ||
      COMMON_HEADERS.includes(name) ||
      shape.headers.includes(name) ||
      (operation === 'PutObject' && /^x-amz-(?:meta-|checksum-)/.test(name));
    if (!known) throw unsupported(`${name} of ${operation}`, 'header');
    if (operation === 'PutObject' && (name === 'if-match' || name === 'if-none-match')) {
      throw unsupported(`${name} of ${operation}`, 'header');
    }
  }
  return { operation, ...place };
}

/** What `encoding-type=url` asks for, because XML cannot hold every key. */
export function encodeKeys(listing: string): string {
  return listing
    .replace(
      /<(Key|Prefix|Delimiter|Marker|NextMarker|StartAfter)>([^<]*)</g,
      (_all, name: string, text: string) => {
        const key = text.replace(/&(lt|gt|quot|apos|amp);/g, (entity) => ENTITIES[entity] ?? entity);
        return `<${name}>${encodeURIComponent(key).replace(/%2F/g, '/')}<`;
      },
    )
    .replace('</ListBucketResult>', '<EncodingType>url</EncodingType></ListBucketResult>');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&amp;': '&',
};

function operationOf(
  { method, query }: HttpRequest,
  { bucket, key }: { bucket: string; key: string },
): string | undefined {
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : undefined;
  if (key === '') {
    if (method === 'HEAD') return 'HeadBucket';
    if (method !== 'GET') return undefined;
    return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
  }
  const byMethod: Readonly<Record<string, string>> = {
    PUT: 'PutObject',
    GET: 'GetObject',
    HEAD: 'HeadObject',
    DELETE: 'DeleteObject',
  };
  return byMethod[method];
}

function unsupported(what: string, kind: string): AwsError {
  return new AwsError('NotImplemented', `the local AWS does not support the S3 ${kind} ${what}`, 501);
}
