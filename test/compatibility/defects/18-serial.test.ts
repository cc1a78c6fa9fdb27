/** The sample kept serials in decimal, or in hexadecimal without its leading zero: neither can be revoked as it stands. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateArn, serialFromArn, serialFromHex } from '../../../src/core/serial.ts';
import { x509Codec } from '../../../src/pki/codec.ts';
import { CA } from '../../builders/facts.ts';
import { csrOf } from '../../scripts/pair.ts';
import { TestCa } from '../../scripts/test-ca.ts';
import { attempt, TestHost } from '../../scripts/test-host.ts';

let ca: TestCa;
let host: TestHost;
let csr: string;
beforeAll(async () => {
  ca = await TestCa.create();
  host = TestHost.create();
  csr = csrOf(await host.run('GenerateCsr', { Attempt: attempt(1) }));
});
afterAll(() => {
  ca.remove();
  host.remove();
});

describe('defect 18: the form of a serial', () => {
  it.each([
    ['0a1b2c3d4e5f60718293a4b5c6d7e8f9', '0A1B2C3D4E5F60718293A4B5C6D7E8F9'],
    ['00000abcdef0', '0ABCDEF0'],
    ['ff00ff00', 'FF00FF00'],
    ['1234567890', '1234567890'],
  ])('of %s is whole bytes of upper-case hexadecimal: %s', async (serial, written) => {
    const { Certificate } = await ca.issue(csr, { serial });
    const pem = Buffer.from(Certificate, 'base64').toString();
    expect(x509Codec.certificate(pem).serial).toBe(written);
    expect(serialFromArn(certificateArn(CA, written))).toBe(written);
  });

  it('gets its leading zero back where somebody dropped it', () => {
    expect(serialFromHex('a1b2c')).toBe('0A1B2C');
    expect(serialFromHex('0A:1B:2C')).toBe('0A1B2C');
  });
});
