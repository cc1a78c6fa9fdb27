import { Pkcs10CertificateRequest } from '@peculiar/x509';
import type { CsrFacts } from '../core/issuance-policy.ts';
import { nameParts } from './names.ts';
import { derFromPem } from './pem.ts';
import { keyAlgorithmOf, publicKeyHash } from './public-key.ts';

/** Reads a CSR that a host wrote; undefined when it is not exactly one readable CSR. */
export async function readCsr(pem: string): Promise<CsrFacts | undefined> {
  try {
    const csr = new Pkcs10CertificateRequest(derFromPem(pem, 'CERTIFICATE REQUEST', 'InvalidCertificate'));
    return {
      subject: nameParts(csr.subjectName),
      extensions: csr.extensions.map(({ type }) => type),
      keyAlgorithm: keyAlgorithmOf(csr.publicKey.rawData),
      publicKeyHash: publicKeyHash(csr.publicKey.rawData),
      signatureValid: await csr.verify(),
    };
  } catch {
    // Whatever a host sent that no parser takes is the same answer: not a CSR.
    return undefined;
  }
}
