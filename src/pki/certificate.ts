import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
} from '@peculiar/x509';
import { CertvendError } from '../core/errors.ts';
import type { CertificateFacts } from '../core/issuance-policy.ts';
import { serialFromHex } from '../core/serial.ts';
import { nameParts } from './names.ts';
import { derFromPem } from './pem.ts';
import { keyAlgorithmOf, publicKeyHash } from './public-key.ts';

const OID = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
};

export function readCertificate(pem: string): CertificateFacts {
  const certificate = parse(pem);
  const basicConstraints = certificate.getExtension(OID.basicConstraints);
  const keyUsage = certificate.getExtension(OID.keyUsage);
  const extendedKeyUsage = certificate.getExtension(OID.extendedKeyUsage);
  return {
    subject: nameParts(certificate.subjectName),
    serial: serialFromHex(certificate.serialNumber),
    notBefore: Math.floor(certificate.notBefore.getTime() / 1000),
    notAfter: Math.floor(certificate.notAfter.getTime() / 1000),
    keyAlgorithm: keyAlgorithmOf(certificate.publicKey.rawData),
    publicKeyHash: publicKeyHash(certificate.publicKey.rawData),
    isCa: basicConstraints instanceof BasicConstraintsExtension && basicConstraints.ca,
    digitalSignature:
      keyUsage instanceof KeyUsagesExtension && (keyUsage.usages & KeyUsageFlags.digitalSignature) !== 0,
    extendedKeyUsage:
      extendedKeyUsage instanceof ExtendedKeyUsageExtension ? extendedKeyUsage.usages.map(String) : undefined,
    hasSubjectAlternativeName: certificate.getExtension(OID.subjectAltName) !== null,
  };
}

function parse(pem: string): X509Certificate {
  const der = derFromPem(pem, 'CERTIFICATE', 'InvalidCertificate');
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new CertvendError('InvalidCertificate', 'the certificate cannot be parsed', { cause });
  }
}
