/** Writing and reading X.509 v3 certificates and PKCS#10 requests. */
import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { algorithmIdentifier, signDer, verifySigned } from './algorithms.ts';
import type { SigningAlgorithm } from './algorithms.ts';
import * as der from './der.ts';
import type { DerValue } from './der.ts';

export const extensionIds = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  crlDistributionPoints: '2.5.29.31',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;
export const clientAuth = '1.3.6.1.5.5.7.3.2';
export const serverAuth = '1.3.6.1.5.5.7.3.1';
const extensionRequest = '1.2.840.113549.1.9.14';

/** Bits of KeyUsage by position. */
export const keyUsageBits = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, cRLSign: 6 } as const;
export type KeyUsage = keyof typeof keyUsageBits;

export interface Extension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

/** Where a certificate or CRL comes from: its name and key. */
export interface Issuer {
  readonly name: Buffer;
  readonly privateKey: KeyObject;
  readonly signingAlgorithm: SigningAlgorithm;
}

export interface CertificateContent {
  readonly serial: Buffer;
  readonly subject: Buffer;
  readonly publicKeyInfo: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly Extension[];
}

/** The signed certificate as DER. */
export function writeCertificate(content: CertificateContent, issuer: Issuer): Buffer {
  const algorithm = algorithmIdentifier(issuer.signingAlgorithm);
  const body = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(content.serial),
    algorithm,
    issuer.name,
    der.sequence(der.time(content.notBefore), der.time(content.notAfter)),
    content.subject,
    content.publicKeyInfo,
    der.explicit(3, writeExtensions(content.extensions)),
  );
  return der.sequence(
    body,
    algorithm,
    der.bitString(signDer(body, issuer.signingAlgorithm, issuer.privateKey)),
  );
}

/** A certificate signing request as DER; Private CA makes one for each new CA. */
export function writeRequest(subject: Buffer, publicKey: KeyObject, issuer: Omit<Issuer, 'name'>): Buffer {
  const body = der.sequence(
    der.integer(0),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(0),
  );
  const signature = signDer(body, issuer.signingAlgorithm, issuer.privateKey);
  return der.sequence(body, algorithmIdentifier(issuer.signingAlgorithm), der.bitString(signature));
}

export interface RequestContent {
  readonly subject: Buffer;
  readonly publicKeyInfo: Buffer;
  readonly subjectAltName: Extension | undefined;
}

/** Reads a PKCS#10 request; throws on a bad encoding or a signature that its own key did not make. */
export function readRequest(bytes: Buffer): RequestContent {
  const request = der.readDer(bytes);
  const [, subject, keyInfo, attributes] = der.children(der.child(request, 0));
  if (subject === undefined || keyInfo === undefined) throw new der.DerError('not a certificate request');
  const key = createPublicKey({ key: keyInfo.raw, format: 'der', type: 'spki' });
  if (!verifySigned(request, key)) throw new der.DerError('the signature of the request is not valid');
  const requested = attributes === undefined ? [] : der.children(attributes);
  const extensions = requested
    .filter((attribute) => der.readOid(der.child(attribute, 0)) === extensionRequest)
    .flatMap((attribute) => readExtensions(der.child(der.child(attribute, 1), 0)));
  return {
    subject: subject.raw,
    publicKeyInfo: keyInfo.raw,
    subjectAltName: extensions.find((extension) => extension.id === extensionIds.subjectAltName),
  };
}

export interface CertificateParts {
  readonly version: number;
  readonly serial: Buffer;
  readonly issuer: DerValue;
  readonly subject: DerValue;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Extension[];
  readonly signed: DerValue;
}

export function readCertificate(bytes: Buffer): CertificateParts {
  const signed = der.readDer(bytes);
  const fields = der.children(der.child(signed, 0));
  const version = fields[0]?.tag === 0xa0 ? (der.child(fields[0], 0).content[0] ?? 0) + 1 : 1;
  const [serial, , issuer, validity, subject, keyInfo, ...optional] =
    version === 1 ? fields : fields.slice(1);
  if (
    serial === undefined ||
    issuer === undefined ||
    validity === undefined ||
    subject === undefined ||
    keyInfo === undefined
  ) {
    throw new der.DerError('not a certificate');
  }
  const extensions = optional.find((value) => value.tag === 0xa3);
  return {
    version,
    serial: serial.content,
    issuer,
    subject,
    notBefore: der.readTime(der.child(validity, 0)),
    notAfter: der.readTime(der.child(validity, 1)),
    publicKey: createPublicKey({ key: keyInfo.raw, format: 'der', type: 'spki' }),
    extensions: extensions === undefined ? [] : readExtensions(der.child(extensions, 0)),
    signed,
  };
}

export function writeExtensions(extensions: readonly Extension[]): Buffer {
  return der.sequence(
    ...extensions.map(({ id, critical, value }) =>
      der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value)),
    ),
  );
}

function readExtensions(list: DerValue): Extension[] {
  return der.children(list).map((extension) => {
    const [id, second, third] = der.children(extension);
    const value = third ?? second;
    if (id === undefined || value === undefined) throw new der.DerError('not an extension');
    return {
      id: der.readOid(id),
      critical: third !== undefined && second?.content[0] === 0xff,
      value: value.content,
    };
  });
}

/** SHA-1 of the subjectPublicKey bits, the usual key identifier (RFC 5280, 4.2.1.2). */
export function keyIdentifier(publicKeyInfo: Buffer): Buffer {
  const bits = der.child(der.readDer(publicKeyInfo), 1).content.subarray(1);
  return createHash('sha1').update(bits).digest();
}
