import { CertvendError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';

/** RFC 7468 labels that we read. `NEW CERTIFICATE REQUEST` is openssl's older word for the same thing. */
export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'X509 CRL';

/** A text longer than this is not read: the largest thing that we accept is a CRL of 300,000 bytes (rolesanywhere quotas). */
const TEXT_MAX = 420_000;

/** The one block with this label, as DER. Throws `code` when there is none, another, or more than one. */
export function derFromPem(pem: string, label: PemLabel, code: ErrorCode): Uint8Array<ArrayBuffer> {
  if (pem.length > TEXT_MAX)
    throw new CertvendError(
      code,
      `the PEM has ${String(pem.length)} characters; at most ${String(TEXT_MAX)} are read`,
    );
  const labels = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)].map((match) => match[1]);
  if (labels.length !== 1 || labels[0] !== label) {
    throw new CertvendError(
      code,
      `the PEM holds ${labels.length === 0 ? 'no block' : labels.join(' and ')}; allowed: one ${label}`,
    );
  }
  const body = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(
    pem,
  )?.[1];
  if (body === undefined) throw new CertvendError(code, `the PEM block ${label} is cut or not base64`);
  const der = new Uint8Array(Buffer.from(body, 'base64'));
  if (!isOneSequence(der))
    throw new CertvendError(code, `the PEM block ${label} does not hold exactly one DER sequence`);
  return der;
}

/** Parsers forgive a wrong outer length; a certificate that two of them read differently is not worth the risk. */
function isOneSequence(der: Uint8Array): boolean {
  const [tag, first = 0] = der;
  if (tag !== 0x30) return false;
  if (first < 0x80) return der.length === 2 + first;
  const octets = first & 0x7f;
  const length = der.subarray(2, 2 + octets).reduce((value, octet) => value * 256 + octet, 0);
  return octets >= 1 && octets <= 3 && der.length === 2 + octets + length;
}

export function pemFromDer(der: Uint8Array, label: PemLabel): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
