import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { x509Codec } from '../../src/pki/codec.ts';
import { makeCsr, openWorkshop } from './openssl.ts';
import type { Workshop } from './openssl.ts';

const CA_CONFIG = `[ca]
default_ca=this
[this]
database=index.txt
crlnumber=crlnumber
default_md=sha256
default_crl_days=7
policy=any
new_certs_dir=.
unique_subject=no
crl_extensions=crl
[any]
commonName=supplied
[crl]
authorityKeyIdentifier=keyid
`;

describe('reading a CRL', () => {
  let workshop: Workshop;

  beforeAll(() => {
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
    );
    workshop.write('ca.cnf', CA_CONFIG);
    workshop.write('index.txt', '');
    workshop.write('crlnumber', '0ABC\n');
    makeCsr(workshop, '/CN=mi-0123456789abcdef0');
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
      '0x0a1b2c',
      '-out',
      'host.crt',
    );
    workshop.openssl(
      'ca',
      '-config',
      'ca.cnf',
      '-cert',
      'ca.crt',
      '-keyfile',
      'ca.key',
      '-revoke',
      'host.crt',
      '-crl_reason',
      'keyCompromise',
    );
    workshop.openssl(
      'ca',
      '-config',
      'ca.cnf',
      '-cert',
      'ca.crt',
      '-keyfile',
      'ca.key',
      '-gencrl',
      '-out',
      'crl.pem',
    );
    workshop.openssl('crl', '-in', 'crl.pem', '-outform', 'DER', '-out', 'crl.der');
  });
  afterAll(() => {
    workshop.close();
  });

  it('finds number, entries and times', () => {
    const crl = x509Codec.crl(workshop.readBytes('crl.der'));
    expect(crl).toMatchObject({ number: 0xabcn, entries: [{ serial: '0A1B2C' }] });
    expect((crl.nextUpdate ?? 0) - crl.thisUpdate).toBe(7 * 86_400);
  });

  it('turns DER into the PEM that openssl reads, and back', () => {
    const der = workshop.readBytes('crl.der');
    workshop.write('again.pem', x509Codec.crlToPem(der));
    expect(workshop.openssl('crl', '-in', 'again.pem', '-noout', '-crlnumber').trim()).toMatch(/0*ABC$/);
    expect(Buffer.from(x509Codec.crlFromPem(workshop.read('again.pem'))).equals(der)).toBe(true);
  });

  it('names the same issuer the same and another differently', () => {
    const issuer = x509Codec.crl(workshop.readBytes('crl.der')).issuer;
    workshop.openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'other.key',
      '-out',
      'other.crt',
      '-subj',
      '/CN=other.example.com',
    );
    workshop.openssl(
      'ca',
      '-config',
      'ca.cnf',
      '-cert',
      'other.crt',
      '-keyfile',
      'other.key',
      '-gencrl',
      '-out',
      'other.pem',
    );
    const other = x509Codec.crl(x509Codec.crlFromPem(workshop.read('other.pem')));
    expect(other.issuer).not.toBe(issuer);
    expect(other.number).toBe(0xabdn);
  });

  it.each([Buffer.alloc(0), Buffer.from('no CRL'), Buffer.alloc(300_001)])(
    'says that other bytes are no CRL',
    (bytes) => {
      expect(() => x509Codec.crl(bytes)).toThrow(expect.objectContaining({ code: 'InvalidCrl' }));
    },
  );
});
