/** One private certificate authority: its key, its certificate, and every certificate it was asked for. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { AwsError } from '../../platform.ts';
import type { JsonObject, Platform } from '../../platform.ts';
import { generateKey } from '../../x509/algorithms.ts';
import type { KeyAlgorithm, SigningAlgorithm } from '../../x509/algorithms.ts';
import { writeCertificate, writeRequest } from '../../x509/certificate.ts';
import type { CertificateContent } from '../../x509/certificate.ts';
import type { RevocationReason } from '../../x509/crl.ts';
import { writeName } from '../../x509/name.ts';
import { toPem } from '../../x509/pem.ts';

export interface CrlSettings {
  readonly bucket: string;
  readonly expirationInDays: number;
  readonly omitDistributionPoint: boolean;
  /** Folder of the object key; `crl/` unless CustomPath is set. */
  readonly prefix: string;
}

export interface AuthoritySettings {
  readonly keyAlgorithm: KeyAlgorithm;
  readonly signingAlgorithm: SigningAlgorithm;
  /** Short attribute names (`CN`, `O`, `C`, …). */
  readonly subject: Readonly<Record<string, string>>;
  readonly shortLived: boolean;
  readonly crl: CrlSettings | undefined;
  /** Members that Describe gives back as they came. */
  readonly description: JsonObject;
}

export interface IssuedCertificate {
  readonly arn: string;
  /** Lower-case hex, 32 digits. */
  readonly serial: string;
  readonly notAfter: number;
  state: 'pending' | 'issued' | 'failed';
  pem: string;
  revoked?: { readonly at: number; readonly reason: RevocationReason };
}

export interface Authority {
  readonly id: string;
  readonly arn: string;
  readonly settings: AuthoritySettings;
  readonly createdAt: number;
  readonly subject: Buffer;
  readonly privateKey: KeyObject;
  readonly publicKeyInfo: Buffer;
  readonly csr: string;
  readonly issued: Map<string, IssuedCertificate>;
  /** IdempotencyToken → what it was used for, and when. */
  readonly tokens: Map<string, { readonly arn: string; readonly usedAt: number }>;
  status: 'PENDING_CERTIFICATE' | 'ACTIVE' | 'DISABLED';
  certificate?: { readonly pem: string; readonly notBefore: number; readonly notAfter: number };
  crlNumber: number;
}

/** What Private CA puts on everything that it writes to a bucket, so that it needs s3:PutObjectAcl too. */
export const CRL_ACL = 'bucket-owner-full-control';

export const serviceCaller = (authority: Authority) =>
  ({ kind: 'service', service: 'acm-pca.amazonaws.com', sourceArn: authority.arn }) as const;

export function authorityArn({ partition, region, accountId }: Platform, id: string): string {
  return `arn:${partition}:acm-pca:${region}:${accountId}:certificate-authority/${id}`;
}

export function newAuthority(platform: Platform, settings: AuthoritySettings): Authority {
  const id = randomUUID();
  const { privateKey, publicKey } = generateKey(settings.keyAlgorithm);
  const subject = writeName(settings.subject);
  const { signingAlgorithm } = settings;
  return {
    id,
    arn: authorityArn(platform, id),
    settings,
    createdAt: platform.clock.now(),
    subject,
    privateKey,
    publicKeyInfo: publicKey.export({ type: 'spki', format: 'der' }),
    csr: toPem('CERTIFICATE REQUEST', writeRequest(subject, publicKey, { privateKey, signingAlgorithm })),
    issued: new Map(),
    tokens: new Map(),
    status: 'PENDING_CERTIFICATE',
    crlNumber: 0,
  };
}

/** Accepts a request and gives it its ARN; signing follows. */
export function register(authority: Authority, notAfter: number): IssuedCertificate {
  const bytes = randomBytes(16);
  // Positive and exactly 16 bytes long: the first bit stays clear, the first byte is not zero. A leading zero digit remains possible.
  bytes[0] = ((bytes[0] ?? 0) % 0x7f) + 1;
  const serial = bytes.toString('hex');
  const entry: IssuedCertificate = {
    arn: `${authority.arn}/certificate/${serial}`,
    serial,
    notAfter,
    state: 'pending',
    pem: '',
  };
  authority.issued.set(serial, entry);
  return entry;
}

export function sign(
  authority: Authority,
  entry: IssuedCertificate,
  content: Omit<CertificateContent, 'serial'>,
  signingAlgorithm: SigningAlgorithm,
): void {
  const issuer = { name: authority.subject, privateKey: authority.privateKey, signingAlgorithm };
  entry.pem = toPem(
    'CERTIFICATE',
    writeCertificate({ ...content, serial: Buffer.from(entry.serial, 'hex') }, issuer),
  );
  entry.state = 'issued';
}

export function requireActive(authority: Authority): void {
  if (authority.status === 'ACTIVE') return;
  throw new AwsError(
    'InvalidStateException',
    `The certificate authority is in the ${authority.status} state.`,
  );
}
