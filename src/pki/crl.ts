import { createHash } from 'node:crypto';
import { X509Crl } from '@peculiar/x509';
import { CertvendError } from '../core/errors.ts';
import { serialFromHex } from '../core/serial.ts';
import type { CrlFacts } from '../ports/certificate-codec.ts';
import { derFromPem, pemFromDer } from './pem.ts';

/** id-ce-cRLNumber, RFC 5280 section 5.2.3 */
const CRL_NUMBER = '2.5.29.20';

export function readCrl(der: Uint8Array): CrlFacts {
  try {
    const crl = new X509Crl(new Uint8Array(der));
    return {
      issuer: createHash('sha256').update(new Uint8Array(crl.issuerName.toArrayBuffer())).digest('hex'),
      number: crlNumber(crl),
      thisUpdate: seconds(crl.thisUpdate),
      nextUpdate: crl.nextUpdate === undefined ? undefined : seconds(crl.nextUpdate),
      entries: crl.entries.map((entry) => ({
        serial: serialFromHex(entry.serialNumber),
        revokedAt: seconds(entry.revocationDate),
      })),
    };
  } catch (cause) {
    throw new CertvendError('InvalidCrl', 'the CRL cannot be parsed; expected: DER of an X.509 CRL', {
      cause,
    });
  }
}

export function crlToPem(der: Uint8Array): string {
  return pemFromDer(der, 'X509 CRL');
}

export function crlFromPem(pem: string): Uint8Array {
  return derFromPem(pem, 'X509 CRL', 'InvalidCrl');
}

/** The value is a DER INTEGER of at most 20 octets: one length octet. */
function crlNumber(crl: X509Crl): bigint {
  const extension = crl.extensions.find(({ type }) => type === CRL_NUMBER);
  if (extension === undefined) return 0n;
  const hex = Buffer.from(extension.value).subarray(2).toString('hex');
  return hex === '' ? 0n : BigInt(`0x${hex}`);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
