/** Key and signature algorithms by the names that AWS gives them. */
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { child, oid, readOid, sequence, Tag, tlv } from './der.ts';
import type { DerValue } from './der.ts';

export const keyAlgorithms = ['RSA_2048', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

export const signingAlgorithms = [
  'SHA256WITHRSA',
  'SHA384WITHRSA',
  'SHA512WITHRSA',
  'SHA256WITHECDSA',
  'SHA384WITHECDSA',
  'SHA512WITHECDSA',
] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

const signatureOids: Readonly<Record<SigningAlgorithm, string>> = {
  SHA256WITHRSA: '1.2.840.113549.1.1.11',
  SHA384WITHRSA: '1.2.840.113549.1.1.12',
  SHA512WITHRSA: '1.2.840.113549.1.1.13',
  SHA256WITHECDSA: '1.2.840.10045.4.3.2',
  SHA384WITHECDSA: '1.2.840.10045.4.3.3',
  SHA512WITHECDSA: '1.2.840.10045.4.3.4',
};

export function generateKey(algorithm: KeyAlgorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (algorithm) {
    case 'RSA_2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'RSA_4096':
      return generateKeyPairSync('rsa', { modulusLength: 4096 });
    case 'EC_prime256v1':
      return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    case 'EC_secp384r1':
      return generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  }
}

/** Whether a key of this family can make this signature. */
export function fits(key: KeyAlgorithm, signature: SigningAlgorithm): boolean {
  return key.startsWith('RSA') === signature.endsWith('RSA');
}

export function algorithmIdentifier(algorithm: SigningAlgorithm): Buffer {
  const parameters = algorithm.endsWith('RSA') ? [tlv(Tag.null)] : [];
  return sequence(oid(signatureOids[algorithm]), ...parameters);
}

export function signDer(content: Buffer, algorithm: SigningAlgorithm, key: KeyObject): Buffer {
  return sign(digestOf(algorithm), content, key);
}

/** Checks the signature of `SEQUENCE { content, algorithm, BIT STRING }`: a certificate, a request or a CRL. */
export function verifySigned(signed: DerValue, key: KeyObject): boolean {
  const dotted = readOid(child(child(signed, 1), 0));
  const algorithm = signingAlgorithms.find((name) => signatureOids[name] === dotted);
  const family = key.asymmetricKeyType === 'rsa' ? 'RSA' : 'ECDSA';
  if (algorithm?.endsWith(`WITH${family}`) !== true) return false;
  return verify(digestOf(algorithm), child(signed, 0).raw, key, child(signed, 2).content.subarray(1));
}

function digestOf(algorithm: SigningAlgorithm): string {
  return algorithm.slice(0, 'SHA256'.length).toLowerCase();
}
