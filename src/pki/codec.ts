/** X.509 by @peculiar/x509; `reflect-metadata` must be loaded before it. */
import 'reflect-metadata';
import type { CertificateCodec } from '../ports/certificate-codec.ts';
import { readCertificate } from './certificate.ts';
import { crlFromPem, crlToPem, readCrl } from './crl.ts';
import { readCsr } from './csr.ts';

export const x509Codec: CertificateCodec = {
  csr: readCsr,
  certificate: readCertificate,
  crl: readCrl,
  crlToPem,
  crlFromPem,
};
