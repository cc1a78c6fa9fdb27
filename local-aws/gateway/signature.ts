/**
 * AWS Signature Version 4 as the receiving side sees it: where a request names its credentials (header or presigned query),
 * and the whole verification for access keys whose secret is known.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AwsError } from '../platform.ts';
import type { Credentials, HttpRequest } from '../platform.ts';

export interface SignatureInput {
  readonly algorithm: string;
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  /** The service name: what requests are routed by. */
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly presigned: boolean;
  /** `20261122T143000Z` */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** Seconds a presigned request is good for. */
  readonly expires: number | undefined;
}

const incomplete = (message: string): AwsError => new AwsError('IncompleteSignature', message, 403);

/** Reads the credentials a request names; undefined when it names none at all. */
export function readSignature(request: HttpRequest): SignatureInput | undefined {
  const header = request.headers['authorization'];
  if (header !== undefined) return fromHeader(header, request);
  return request.query.has('X-Amz-Algorithm') ? fromQuery(request.query) : undefined;
}

function fromHeader(header: string, request: HttpRequest): SignatureInput {
  const match = /^(AWS4-[A-Z0-9-]+)\s+(.*)$/s.exec(header);
  if (match === null) throw incomplete('the Authorization header is not Signature Version 4');
  const parts = new Map(
    (match[2] ?? '').split(',').map((part): [string, string] => {
      const [name = '', ...value] = part.trim().split('=');
      return [name, value.join('=')];
    }),
  );
  return {
    algorithm: match[1] ?? '',
    ...scopeOf(parts.get('Credential')),
    signedHeaders: (parts.get('SignedHeaders') ?? '').split(';'),
    signature: parts.get('Signature') ?? '',
    presigned: false,
    timestamp: request.headers['x-amz-date'] ?? '',
    sessionToken: request.headers['x-amz-security-token'],
    expires: undefined,
  };
}

function fromQuery(query: URLSearchParams): SignatureInput {
  return {
    algorithm: query.get('X-Amz-Algorithm') ?? '',
    ...scopeOf(query.get('X-Amz-Credential') ?? undefined),
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    presigned: true,
    timestamp: query.get('X-Amz-Date') ?? '',
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
    expires: Number(query.get('X-Amz-Expires') ?? Number.NaN),
  };
}

function scopeOf(credential = ''): Pick<SignatureInput, 'accessKeyId' | 'date' | 'region' | 'scope'> {
  const [accessKeyId = '', date = '', region = '', scope = '', terminator = ''] = credential.split('/');
  if (terminator !== 'aws4_request' || accessKeyId === '' || scope === '') {
    throw incomplete('the credential scope is not key/date/region/service/aws4_request');
  }
  return { accessKeyId, date, region, scope };
}

const MAX_SKEW_MS = 15 * 60_000;

/**
 * Refuses a request whose time is away from every one of `clocks` (real and moved time: a client may live in either).
 * Presigned requests are good until they expire.
 */
export function checkTime(input: SignatureInput, clocks: readonly number[]): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(input.timestamp);
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1).map(Number);
  const at = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second);
  if (match === null || !input.timestamp.startsWith(input.date)) {
    throw incomplete('X-Amz-Date is missing, malformed or not the date of the credential scope');
  }
  const validFor = input.expires === undefined ? MAX_SKEW_MS : input.expires * 1000;
  if (clocks.some((now) => at - now <= MAX_SKEW_MS && now - at <= validFor)) return;
  throw new AwsError(
    input.presigned ? 'AccessDenied' : 'RequestExpired',
    `the request was signed for ${input.timestamp}, which is not now`,
    403,
  );
}

/** Verifies the signature and the session token of an issued access key. */
export function verifySignature(request: HttpRequest, input: SignatureInput, credentials: Credentials): void {
  if (input.algorithm !== 'AWS4-HMAC-SHA256') throw incomplete(`unsupported algorithm ${input.algorithm}`);
  if (!input.signedHeaders.includes('host')) throw incomplete("'host' must be a signed header");
  if (input.sessionToken !== credentials.sessionToken) {
    throw new AwsError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
      403,
    );
  }
  const scope = `${input.date}/${input.region}/${input.scope}/aws4_request`;
  const canonical = canonicalRequest(request, input);
  const toSign = [input.algorithm, input.timestamp, scope, sha256(canonical)].join('\n');
  const key = [input.date, input.region, input.scope, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const expected = createHmac('sha256', key).update(toSign).digest();
  const actual = Buffer.from(input.signature, 'hex');
  if (actual.length === expected.length && timingSafeEqual(actual, expected)) return;
  throw new AwsError(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided.',
    403,
  );
}

function canonicalRequest(request: HttpRequest, input: SignatureInput): string {
  const headers = input.signedHeaders.map(
    (name) => `${name}:${(request.headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`,
  );
  const query = [...request.query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  return [
    request.method,
    canonicalPath(request.path, input.scope),
    query.join('&'),
    headers.join(''),
    input.signedHeaders.join(';'),
    payloadHash(request, input),
  ].join('\n');
}

/** S3 signs the path as sent; every other service encodes each segment once more. */
function canonicalPath(path: string, scope: string): string {
  return scope === 's3' ? path : path.split('/').map(encode).join('/');
}

function payloadHash(request: HttpRequest, input: SignatureInput): string {
  const declared = request.headers['x-amz-content-sha256'];
  if (input.presigned && declared === undefined)
    return input.scope === 's3' ? 'UNSIGNED-PAYLOAD' : sha256(request.body);
  if (declared === undefined) return sha256(request.body);
  const isHash = /^[0-9a-f]{64}$/.test(declared);
  if (isHash && declared !== sha256(request.body)) {
    throw new AwsError('XAmzContentSHA256Mismatch', 'the body is not the one that was signed', 400);
  }
  return declared;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
