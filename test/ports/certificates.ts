/** A codec whose PEM is JSON, and a CA that signs it: the workflows see the same facts, without the arithmetic. */
import { createHash } from 'node:crypto';
import { CertvendError } from '../../src/core/errors.ts';
import type { CertificateFacts, CsrFacts } from '../../src/core/issuance-policy.ts';
import { serialFromArn } from '../../src/core/serial.ts';
import type { CertificateAuthority } from '../../src/ports/certificate-authority.ts';
import type { CertificateCodec, CrlFacts } from '../../src/ports/certificate-codec.ts';
import type { Agenda } from './agenda.ts';

/** How long Private CA remembers a token. */
export const TOKEN_SECONDS = 300;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export const publicKeyHash = (key: string): string => createHash('sha256').update(key).digest('hex');

export function csrText(commonName: string, key: string): string {
  const facts: CsrFacts = {
    subject: [{ type: 'CN', value: commonName }],
    extensions: [],
    keyAlgorithm: 'RSA_2048',
    publicKeyHash: publicKeyHash(key),
    signatureValid: true,
  };
  return JSON.stringify(facts);
}

/** JSON has no big integers. */
export type CrlText = Omit<CrlFacts, 'number'> & { readonly number: number };

export function crlBytes(crl: CrlText): Uint8Array {
  return Buffer.from(JSON.stringify(crl));
}

// The texts below were written by this file; a hostile one belongs to the tests of the real codec.
export const memoryCodec: CertificateCodec = {
  csr: (pem) => Promise.resolve(pem.startsWith('{') ? (JSON.parse(pem) as CsrFacts) : undefined),
  certificate: (pem) => JSON.parse(pem) as CertificateFacts,
  crl: (der) => {
    const text = Buffer.from(der).toString('utf8');
    if (!text.startsWith('{')) throw new CertvendError('InvalidCrl', 'no CRL');
    const crl = JSON.parse(text) as CrlText;
    return { ...crl, number: BigInt(crl.number) };
  },
  crlToPem: (der) => Buffer.from(der).toString('utf8'),
  crlFromPem: (pem) => Buffer.from(pem),
};

interface Issued {
  readonly arn: string;
  readonly certificate: CertificateFacts;
  readonly token: string;
  readonly askedAt: number;
  readonly readyAt: number;
  readonly failed: boolean;
}

export class MemoryAuthority implements CertificateAuthority {
  readonly arn: string;
  readonly issued: Issued[] = [];
  /** Seconds from the request to the certificate. */
  signingSeconds = 2;
  /** `disabled` and `expired` refuse what is asked; `cannotSign` accepts it and fails afterwards. */
  state: 'active' | 'disabled' | 'expired' | 'cannotSign' = 'active';
  onIssued: (arn: string, succeeded: boolean) => void = () => undefined;
  readonly #agenda: Agenda;

  constructor(agenda: Agenda, arn: string) {
    this.#agenda = agenda;
    this.arn = arn;
  }

  issue: CertificateAuthority['issue'] = ({ csr, validitySeconds, token }) => {
    const now = this.#agenda.now();
    if (this.state === 'disabled' || this.state === 'expired')
      return Promise.reject(
        new CertvendError('InvalidRequest', `the certificate authority is ${this.state}`),
      );
    const known = this.issued.find((one) => one.token === token && now - one.askedAt < TOKEN_SECONDS);
    if (known !== undefined) return Promise.resolve(known.arn);
    const request = JSON.parse(csr) as CsrFacts;
    const arn = `${this.arn}/certificate/${(0x1a000000 + this.issued.length).toString(16)}`;
    const certificate: CertificateFacts = {
      subject: request.subject,
      serial: serialFromArn(arn) ?? '',
      notBefore: now - 3600,
      notAfter: now + validitySeconds,
      keyAlgorithm: request.keyAlgorithm,
      publicKeyHash: request.publicKeyHash,
      isCa: false,
      digitalSignature: true,
      extendedKeyUsage: [CLIENT_AUTH],
      hasSubjectAlternativeName: false,
    };
    const failed = this.state === 'cannotSign';
    this.issued.push({ arn, certificate, token, askedAt: now, readyAt: now + this.signingSeconds, failed });
    this.#agenda.in(this.signingSeconds, () => {
      this.onIssued(arn, !failed);
    });
    return Promise.resolve(arn);
  };

  get: CertificateAuthority['get'] = (arn) => {
    const found = this.issued.find((one) => one.arn === arn);
    if (found === undefined) return Promise.reject(new CertvendError('Unavailable', `there is no ${arn}`));
    if (found.readyAt > this.#agenda.now()) return Promise.resolve({ state: 'pending' });
    if (found.failed) return Promise.resolve({ state: 'failed', message: 'the CA could not sign' });
    return Promise.resolve({
      state: 'issued',
      certificate: JSON.stringify(found.certificate),
      chain: 'chain',
    });
  };
}
