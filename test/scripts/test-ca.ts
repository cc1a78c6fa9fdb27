/** A certificate authority for tests, made with openssl: what Private CA is to the real hosts. */
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from './test-host.ts';

/** Base64 of PEM, as the parameters of DeployCertificate take it. */
export type Issued = Readonly<Record<'Certificate' | 'Chain', string>>;

const EXTENSIONS = `
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
[host]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=clientAuth
[server]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
[req]
distinguished_name=subject
[subject]
`;

export class TestCa {
  readonly directory: string;
  /** PEM of the certificates from the issuer up to the root. */
  readonly chain: string;

  private constructor(directory: string, chain: string) {
    this.directory = directory;
    this.chain = chain;
  }

  /** A root; or below `parent` an intermediate. */
  static async create(parent?: TestCa): Promise<TestCa> {
    const directory = mkdtempSync(join(tmpdir(), 'certvend-ca-'));
    const file = (name: string): string => join(directory, name);
    writeFileSync(file('openssl.cnf'), EXTENSIONS);
    await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file('ca.key'));
    const subject = [
      '-subj',
      parent === undefined ? '/CN=Test Root' : '/CN=Test Intermediate',
      '-config',
      file('openssl.cnf'),
    ];
    await openssl('req', '-new', '-key', file('ca.key'), '-out', file('ca.csr'), ...subject);
    const signer =
      parent === undefined
        ? ['-signkey', file('ca.key')]
        : [
            '-CA',
            join(parent.directory, 'ca.crt'),
            '-CAkey',
            join(parent.directory, 'ca.key'),
            '-set_serial',
            '7',
          ];
    const extensions = ['-extfile', file('openssl.cnf'), '-extensions', 'ca'];
    await openssl(
      'x509',
      '-req',
      '-in',
      file('ca.csr'),
      '-days',
      '3650',
      '-out',
      file('ca.crt'),
      ...signer,
      ...extensions,
    );
    return new TestCa(directory, readFileSync(file('ca.crt'), 'utf8') + (parent?.chain ?? ''));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Signs a request (base64 of its PEM) as it is; valid for 7 days. */
  async issue(
    csr: string,
    options: { readonly serial?: string; readonly extensions?: 'host' | 'server' } = {},
  ): Promise<Issued> {
    const directory = mkdtempSync(join(this.directory, 'issue-'));
    const file = (name: string): string => join(directory, name);
    writeFileSync(file('csr'), Buffer.from(csr, 'base64'));
    const signer = ['-CA', join(this.directory, 'ca.crt'), '-CAkey', join(this.directory, 'ca.key')];
    const serial = `0x${options.serial ?? (Date.now() * 4096 + Math.floor(Math.random() * 4096)).toString(16)}`;
    const extensions = [
      '-extfile',
      join(this.directory, 'openssl.cnf'),
      '-extensions',
      options.extensions ?? 'host',
    ];
    await openssl(
      'x509',
      '-req',
      '-in',
      file('csr'),
      '-set_serial',
      serial,
      '-days',
      '7',
      '-out',
      file('crt'),
      ...signer,
      ...extensions,
    );
    return { Certificate: readFileSync(file('crt')).toString('base64'), Chain: base64(this.chain) };
  }

  /** A request for any subject, with a key that no host has. */
  strangersRequest(subject: string): Promise<string> {
    return this.requestWith(join(this.directory, 'ca.key'), subject);
  }

  /** A request for any subject with the key in a file: what no honest host sends. */
  async requestWith(key: string, subject: string): Promise<string> {
    const config = ['-config', join(this.directory, 'openssl.cnf')];
    return base64(await openssl('req', '-new', '-key', key, '-subj', subject, ...config));
  }
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Runs openssl and fails loudly; yields stdout. */
export async function openssl(...parameters: string[]): Promise<string> {
  const { code, stdout, stderr } = await execute('openssl', parameters);
  if (code !== 0) throw new Error(`openssl ${parameters.join(' ')}: ${stderr}`);
  return stdout;
}
