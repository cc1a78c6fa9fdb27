/** The whole verification of AWS Signature Version 4, for access keys whose secret is known. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AwsError } from '../platform.ts';
import type { Credentials, HttpRequest } from '../platform.ts';
import { incomplete } from './signature.ts';
import type { SignatureInput } from './signature.ts';

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
