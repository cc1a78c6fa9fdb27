/** Verifies the AWS4-X509 signature of a CreateSession request: the key of the presented certificate must have made it. */
import { createHash, verify } from 'node:crypto';
import { AwsError } from '../../platform.ts';
import type { HttpRequest, Platform } from '../../platform.ts';
import { realNow } from '../../real-time.ts';
import { readCertificate } from '../../x509/certificate.ts';
import type { CertificateParts } from '../../x509/certificate.ts';

const maxSkewMs = 5 * 60_000;
const maxIntermediates = 5;

export interface SignedRequest {
  readonly certificate: CertificateParts;
  readonly certificateData: string;
  readonly intermediates: readonly CertificateParts[];
}

export function denied(message: string): AwsError {
  return new AwsError('AccessDeniedException', message, 403);
}

/** The certificates of a correctly signed request; throws AccessDeniedException otherwise. */
export function verifyRequest(platform: Platform, request: HttpRequest): SignedRequest {
  const { algorithm, credential, signedHeaders, signature } = parseAuthorization(
    request.headers['authorization'] ?? '',
  );
  const certificateData = request.headers['x-amz-x509'] ?? '';
  const certificate = decode(certificateData);
  const [serial = '', day = '', region = '', service = '', terminator = ''] = credential.split('/');
  const expected =
    certificate.publicKey.asymmetricKeyType === 'rsa' ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256';
  if (algorithm !== expected)
    throw denied(`Signature algorithm ${algorithm} does not fit the certificate, which needs ${expected}`);
  if (!/^\d+$/.test(serial) || BigInt(serial) !== BigInt(`0x${certificate.serial.toString('hex')}`)) {
    throw denied('The serial number of the credential is not that of the certificate');
  }
  if (region !== platform.region || service !== 'rolesanywhere' || terminator !== 'aws4_request') {
    throw denied(`The credential scope ${credential.slice(serial.length + 1)} is not valid`);
  }
  for (const name of ['host', 'x-amz-date', 'x-amz-x509']) {
    if (!signedHeaders.includes(name)) throw denied(`The header ${name} must be signed`);
  }
  const date = request.headers['x-amz-date'] ?? '';
  checkDate(platform, date, day);
  const scope = `${day}/${region}/${service}/${terminator}`;
  const text = [algorithm, date, scope, sha256(canonicalRequest(request, signedHeaders))].join('\n');
  if (!verify('sha256', Buffer.from(text), certificate.publicKey, Buffer.from(signature, 'hex')))
    throw denied('Untrusted signature');
  const chain = request.headers['x-amz-x509-chain'];
  const intermediates = chain === undefined || chain === '' ? [] : chain.split(',').map(decode);
  if (intermediates.length > maxIntermediates) throw denied('The certificate chain is too long');
  return { certificate, certificateData, intermediates };
}

function parseAuthorization(header: string) {
  const parts =
    /^(AWS4-X509-[A-Z0-9-]+) Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)$/.exec(
      header,
    );
  if (parts === null) throw denied('Missing or malformed authorization');
  const [, algorithm = '', credential = '', names = '', signature = ''] = parts;
  return { algorithm, credential, signedHeaders: names.split(';'), signature };
}

function decode(base64: string): CertificateParts {
  try {
    return readCertificate(Buffer.from(base64.trim(), 'base64'));
  } catch {
    throw denied('Untrusted certificate. The certificate cannot be read');
  }
}

/** A node's helper may go by real or by moved time, or have signed just before the clock jumped. */
function checkDate(platform: Platform, date: string, day: string): void {
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(at >= realNow() - maxSkewMs && at <= platform.clock.now() + maxSkewMs))
    throw denied('Signature expired: X-Amz-Date is more than 5 minutes from the current time');
  if (!date.startsWith(day) || day.length !== 8)
    throw denied('The date of the credential scope is not that of X-Amz-Date');
}

function canonicalRequest(request: HttpRequest, signedHeaders: readonly string[]): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const query = [...request.query]
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = signedHeaders.map(
    (name) => `${name}:${(request.headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`,
  );
  return [
    request.method,
    request.path,
    query,
    headers.join(''),
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
