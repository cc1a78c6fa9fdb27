/** Where a request names its credentials (Authorization header or presigned query), and whether its time is now. */
import { AwsError } from '../platform.ts';
import type { HttpRequest } from '../platform.ts';

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

/** What a request says about its signature is not what Signature Version 4 needs. */
export const incomplete = (message: string): AwsError => new AwsError('IncompleteSignature', message, 403);

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
 * Refuses a request whose time is not now. A client may live in real or in moved time, and one that signed just before the
 * clock jumped lives in between. Presigned requests are good until they expire.
 */
export function checkTime(
  input: SignatureInput,
  now: { readonly real: number; readonly moved: number },
): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(input.timestamp);
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1).map(Number);
  const at = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second);
  if (match === null || !input.timestamp.startsWith(input.date)) {
    throw incomplete('X-Amz-Date is missing, malformed or not the date of the credential scope');
  }
  const validFor = input.expires === undefined ? MAX_SKEW_MS : input.expires * 1000;
  if (at <= now.moved + MAX_SKEW_MS && at >= now.real - validFor) return;
  throw new AwsError(
    input.presigned ? 'AccessDenied' : 'RequestExpired',
    `the request was signed for ${input.timestamp}, which is not now`,
    403,
  );
}
