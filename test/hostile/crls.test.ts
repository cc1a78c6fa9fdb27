import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CertvendError } from '../../src/core/errors.ts';
import { x509Codec } from '../../src/pki/codec.ts';
import { hostileText } from './corpus.ts';

function onlyOurErrors(code: string, run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CertvendError);
    expect(error).toMatchObject({ code });
  }
}

describe('bytes that are no certificate and no CRL', () => {
  it('are refused with a reason, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        onlyOurErrors('InvalidCrl', () => x509Codec.crl(bytes));
        onlyOurErrors('InvalidCertificate', () =>
          x509Codec.certificate(
            `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE-----`,
          ),
        );
      }),
    );
  });

  it('are refused as texts too', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        onlyOurErrors('InvalidCertificate', () => x509Codec.certificate(text));
        onlyOurErrors('InvalidCrl', () => x509Codec.crlFromPem(text));
      }),
    );
  });
});
