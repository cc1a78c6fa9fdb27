import type { CertificateFacts, CsrFacts } from '../core/issuance-policy.ts';

export interface CrlFacts {
  /** DER of the issuer's name, hexadecimal: names are compared by their bytes. */
  readonly issuer: string;
  readonly number: bigint;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly entries: readonly { readonly serial: string; readonly revokedAt: number }[];
}

/** Bytes to facts. Throws `InvalidCertificate` or `InvalidCrl` for what cannot be read. */
export interface CertificateCodec {
  /** `undefined`: not exactly one readable CSR. */
  csr(pem: string): Promise<CsrFacts | undefined>;
  certificate(pem: string): CertificateFacts;
  /** DER */
  crl(der: Uint8Array): CrlFacts;
  crlToPem(der: Uint8Array): string;
  /** The one CRL of a PEM text, as DER. */
  crlFromPem(pem: string): Uint8Array;
}
