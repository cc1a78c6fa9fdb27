import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateViolations } from '../../src/core/issuance-policy.ts';
import { serialFromHex } from '../../src/core/serial.ts';
import { DAY } from '../../src/core/time.ts';
import { x509Codec } from '../../src/pki/codec.ts';
import { HOST } from '../builders/facts.ts';
import { makeCsr, openWorkshop } from './openssl.ts';
import type { Workshop } from './openssl.ts';

const USUAL =
  'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\n';

describe('reading a certificate', () => {
  let workshop: Workshop;
  let publicKeyHash: string;

  beforeAll(async () => {
    workshop = openWorkshop();
    workshop.openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-subj',
      '/CN=ca.example.com',
      '-days',
      '30',
    );
    publicKeyHash = (await x509Codec.csr(makeCsr(workshop, `/CN=${HOST}`)))?.publicKeyHash ?? '';
  });
  afterAll(() => {
    workshop.close();
  });

  const issue = (extensions: string, serial = '0x0a1b'): string => {
    workshop.write('extensions', extensions);
    workshop.openssl(
      'x509',
      '-req',
      '-in',
      'host.csr',
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-set_serial',
      serial,
      '-days',
      '7',
      '-extfile',
      'extensions',
      '-out',
      'host.crt',
    );
    return workshop.read('host.crt');
  };
  const violations = (
    pem: string,
    changes: Partial<Parameters<typeof certificateViolations>[1]> = {},
    later = 0,
  ): string[] => {
    const certificate = x509Codec.certificate(pem);
    const now = certificate.notBefore + 60 + later;
    const asked = {
      commonName: HOST,
      keyAlgorithm: 'RSA_2048',
      publicKeyHash,
      serial: '0A1B',
      notAfterLatest: certificate.notAfter,
    } as const;
    return certificateViolations(certificate, { ...asked, ...changes }, now);
  };

  it('finds nothing wrong with what was asked for', () => {
    expect(violations(issue(USUAL))).toEqual([]);
  });

  it('reads dates and serial as openssl does', () => {
    const pem = issue(USUAL, '0x00f00d');
    const end = workshop
      .openssl('x509', '-in', 'host.crt', '-noout', '-enddate')
      .trim()
      .replace('notAfter=', '');
    const serial = workshop
      .openssl('x509', '-in', 'host.crt', '-noout', '-serial')
      .trim()
      .replace('serial=', '');
    expect(x509Codec.certificate(pem)).toMatchObject({
      notAfter: Date.parse(end) / 1000,
      serial: serialFromHex(serial),
    });
  });

  it.each([
    ['CA rights', USUAL.replace('CA:FALSE', 'CA:TRUE'), 'it is a CA certificate'],
    ['no digitalSignature', USUAL.replace('digitalSignature,', ''), 'key usage lacks digitalSignature'],
    ['no key usage at all', 'extendedKeyUsage=clientAuth\n', 'key usage lacks digitalSignature'],
    [
      'server authentication only',
      USUAL.replace('clientAuth', 'serverAuth'),
      'extended key usage lacks clientAuth',
    ],
    [
      'a subject alternative name',
      `${USUAL}subjectAltName=DNS:example.com\n`,
      'it has a subject alternative name',
    ],
  ])('refuses %s', (_what, extensions, violation) => {
    expect(violations(issue(extensions))).toEqual([violation]);
  });

  it('refuses what was not asked for', () => {
    const pem = issue(USUAL);
    expect(violations(pem, { commonName: 'mi-fffffffffffffffff' })[0]).toContain('the subject is');
    expect(violations(pem, { publicKeyHash: 'other' })).toEqual(['the public key is not that of the CSR']);
    expect(violations(pem, { serial: 'FF' })).toEqual(['the serial is 0A1B, its ARN says FF']);
    expect(violations(pem, { keyAlgorithm: 'EC_secp384r1' })).toEqual([
      'the key is RSA_2048; asked for: EC_secp384r1',
    ]);
    expect(violations(pem, { notAfterLatest: x509Codec.certificate(pem).notAfter - DAY })).toEqual([
      'it lives longer than was asked for',
    ]);
    expect(violations(pem, {}, 8 * DAY)).toEqual(['it has expired']);
    expect(violations(pem, {}, -DAY)).toEqual(['it is not valid yet']);
  });

  it.each(['', 'no PEM', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])(
    'says that %j is no certificate',
    (pem) => {
      expect(() => x509Codec.certificate(pem)).toThrow(
        expect.objectContaining({ code: 'InvalidCertificate' }),
      );
    },
  );
});
