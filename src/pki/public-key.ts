import { createHash, createPublicKey } from 'node:crypto';
import type { KeyAlgorithm } from '../core/facts.ts';

/** SHA-256 of the DER SubjectPublicKeyInfo, hexadecimal. */
export function publicKeyHash(spki: ArrayBuffer): string {
  return createHash('sha256').update(new Uint8Array(spki)).digest('hex');
}

/** Which of our key algorithms a SubjectPublicKeyInfo is; undefined for any other type, size or curve. */
export function keyAlgorithmOf(spki: ArrayBuffer): KeyAlgorithm | undefined {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') {
    if (details?.modulusLength === 2048) return 'RSA_2048';
    return details?.modulusLength === 4096 ? 'RSA_4096' : undefined;
  }
  if (key.asymmetricKeyType !== 'ec') return undefined;
  if (details?.namedCurve === 'prime256v1') return 'EC_prime256v1';
  return details?.namedCurve === 'secp384r1' ? 'EC_secp384r1' : undefined;
}
