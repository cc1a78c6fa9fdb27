/**
 * What a CSR may ask for and what a certificate must say. The base templates of AWS Private CA copy subject and SAN from
 * the CSR (aws-privateca template-definitions), and the host wrote the CSR: so nothing is signed that the inventory does
 * not say, and nothing is deployed that was not asked for. Each function lists all violations; an empty list is consent.
 */
import type { KeyAlgorithm } from './facts.ts';

export interface NamePart {
  /** Short name (`CN`) or dotted OID. */
  readonly type: string;
  readonly value: string;
}

export interface CsrFacts {
  readonly subject: readonly NamePart[];
  /** OIDs of all requested extensions. */
  readonly extensions: readonly string[];
  /** undefined: a key type we do not issue for. */
  readonly keyAlgorithm: KeyAlgorithm | undefined;
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  readonly publicKeyHash: string;
  /** Whether the CSR is signed by its own key (proof of possession). */
  readonly signatureValid: boolean;
}

export interface CertificateFacts {
  readonly subject: readonly NamePart[];
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly keyAlgorithm: KeyAlgorithm | undefined;
  readonly publicKeyHash: string;
  readonly isCa: boolean;
  readonly digitalSignature: boolean;
  /** OIDs; undefined where the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly hasSubjectAlternativeName: boolean;
}

/** `subjectKeyIdentifier` is harmless and written by some openssl configurations; the CA computes its own. */
const HARMLESS_EXTENSIONS = ['2.5.29.14'];
/** id-kp-clientAuth, RFC 5280 section 4.2.1.12 */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** A certificate may be issued a little later than it was asked for. */
const VALIDITY_SLACK = 15 * 60;

export function csrViolations(
  csr: CsrFacts,
  asked: {
    readonly commonName: string;
    readonly keyAlgorithm: KeyAlgorithm;
    readonly knownKeyHashes: readonly string[];
  },
): string[] {
  const violations = nameViolations(csr.subject, asked.commonName);
  if (!csr.signatureValid) violations.push('the CSR is not signed by its own key');
  const extra = csr.extensions.filter((oid) => !HARMLESS_EXTENSIONS.includes(oid));
  if (extra.length > 0) violations.push(`the CSR asks for extensions ${extra.join(', ')}; none is allowed`);
  violations.push(...keyViolations(csr.keyAlgorithm, asked.keyAlgorithm));
  if (asked.knownKeyHashes.includes(csr.publicKeyHash)) {
    violations.push('the public key was certified before; every certificate needs a new key');
  }
  return violations;
}

export function certificateViolations(
  certificate: CertificateFacts,
  asked: {
    readonly commonName: string;
    readonly keyAlgorithm: KeyAlgorithm;
    readonly publicKeyHash: string;
    readonly serial: string;
    readonly notAfterLatest: number;
  },
  now: number,
): string[] {
  const violations = nameViolations(certificate.subject, asked.commonName);
  violations.push(...keyViolations(certificate.keyAlgorithm, asked.keyAlgorithm));
  if (certificate.publicKeyHash !== asked.publicKeyHash)
    violations.push('the public key is not that of the CSR');
  if (certificate.serial !== asked.serial)
    violations.push(`the serial is ${certificate.serial}, its ARN says ${asked.serial}`);
  if (certificate.isCa) violations.push('it is a CA certificate');
  if (!certificate.digitalSignature) violations.push('key usage lacks digitalSignature');
  if (certificate.extendedKeyUsage?.includes(CLIENT_AUTH) !== true)
    violations.push('extended key usage lacks clientAuth');
  if (certificate.hasSubjectAlternativeName) violations.push('it has a subject alternative name');
  if (certificate.notAfter <= now) violations.push('it has expired');
  if (certificate.notBefore > now) violations.push('it is not valid yet');
  if (certificate.notAfter > asked.notAfterLatest + VALIDITY_SLACK)
    violations.push('it lives longer than was asked for');
  return violations;
}

function nameViolations(subject: readonly NamePart[], commonName: string): string[] {
  const [only] = subject;
  if (subject.length === 1 && only?.type === 'CN' && only.value === commonName) return [];
  const got =
    subject.map(({ type, value }) => `${type}=${JSON.stringify(value.slice(0, 64))}`).join(', ') || 'empty';
  return [`the subject is ${got}; allowed: CN=${commonName} alone`];
}

function keyViolations(got: KeyAlgorithm | undefined, asked: KeyAlgorithm): string[] {
  return got === asked ? [] : [`the key is ${got ?? 'of an unknown type'}; asked for: ${asked}`];
}
