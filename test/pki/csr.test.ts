import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { x509Codec } from '../../src/pki/codec.ts';
import fc from 'fast-check';
import { csrViolations } from '../../src/core/issuance-policy.ts';
import { HOST } from '../builders/facts.ts';
import { makeCsr, openWorkshop } from './openssl.ts';
import type { Workshop } from './openssl.ts';

const SUBJECT = `/CN=${HOST}`;

describe('reading a CSR', () => {
  let workshop: Workshop;
  let good: string;

  beforeAll(() => {
    workshop = openWorkshop();
    good = makeCsr(workshop, SUBJECT);
  });
  afterAll(() => {
    workshop.close();
  });

  const violations = async (pem: string, known: string[] = []): Promise<string[]> => {
    const csr = await x509Codec.csr(pem);
    return csr === undefined
      ? ['unreadable']
      : csrViolations(csr, { commonName: HOST, keyAlgorithm: 'RSA_2048', knownKeyHashes: known });
  };

  it('finds nothing wrong with what the host script makes', async () => {
    expect(await violations(good)).toEqual([]);
  });

  it('names the public key by the hash that openssl computes', async () => {
    workshop.openssl('req', '-in', 'host.csr', '-pubkey', '-noout', '-out', 'host.pub');
    workshop.openssl('pkey', '-pubin', '-in', 'host.pub', '-outform', 'DER', '-out', 'host.pub.der');
    const [hash] = workshop.openssl('dgst', '-sha256', '-r', 'host.pub.der').split(' ');
    expect((await x509Codec.csr(good))?.publicKeyHash).toBe(hash);
  });

  it.each([
    ['EC_prime256v1', ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']],
    ['EC_secp384r1', ['ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1']],
    ['RSA_4096', ['rsa:4096']],
  ] as const)('recognises %s', async (algorithm, key) => {
    expect(await x509Codec.csr(makeCsr(workshop, SUBJECT, key))).toMatchObject({
      keyAlgorithm: algorithm,
      signatureValid: true,
    });
  });

  it.each([
    ['the name of another host', '/CN=mi-fffffffffffffffff', []],
    ['a further name part', `/O=Example/CN=${HOST}`, []],
    ['two common names', `/CN=${HOST}/CN=${HOST}`, []],
    ['a subject alternative name', SUBJECT, ['-addext', `subjectAltName=DNS:${HOST}`]],
    ['CA rights', SUBJECT, ['-addext', 'basicConstraints=critical,CA:TRUE']],
  ])('refuses %s', async (_what, subject, more) => {
    expect(await violations(makeCsr(workshop, subject, ['rsa:2048'], ...more))).toHaveLength(1);
  });

  it('refuses a weak key and a curve that was not asked for', async () => {
    expect(await violations(makeCsr(workshop, SUBJECT, ['rsa:1024']))).toEqual([
      'the key is of an unknown type; asked for: RSA_2048',
    ]);
    expect(
      await violations(makeCsr(workshop, SUBJECT, ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'])),
    ).toEqual(['the key is EC_prime256v1; asked for: RSA_2048']);
  });

  it('refuses a key that was certified before', async () => {
    const hash = (await x509Codec.csr(good))?.publicKeyHash ?? '';
    expect(await violations(good, [hash])).toEqual([
      'the public key was certified before; every certificate needs a new key',
    ]);
  });

  it('refuses a CSR whose signature does not fit', async () => {
    const der = Buffer.from(good.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    der[der.length - 5] = (der[der.length - 5] ?? 0) ^ 1;
    const broken = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    expect(await violations(broken)).toContain('the CSR is not signed by its own key');
  });

  it('reads exactly one PEM block of the right type', async () => {
    expect(await violations(good + good)).toEqual(['unreadable']);
    expect(await violations(good.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'))).toEqual(['unreadable']);
    expect(await violations('')).toEqual(['unreadable']);
  });

  it('never consents when a signed byte is changed, and never reads another key or name from the others', async () => {
    const der = Buffer.from(good.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    // SEQUENCE { CertificationRequestInfo, algorithm, signature }: headers of four octets each, then what is signed.
    const signedEnd = 8 + der.readUInt16BE(6);
    const before = await x509Codec.csr(good);
    await fc.assert(
      fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const mutated = Buffer.from(der);
        mutated[at] = (mutated[at] ?? 0) ^ change;
        const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${mutated.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
        if (at < signedEnd) expect(await violations(pem)).not.toEqual([]);
        else expect([undefined, before?.publicKeyHash]).toContain((await x509Codec.csr(pem))?.publicKeyHash);
      }),
      { numRuns: 500 },
    );
  });
});
