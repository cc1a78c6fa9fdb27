/** A root CA as the stack makes it, and certificates from it, made with the openssl command. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAcmPcaService } from '../../local-aws/services/acm-pca/index.ts';
import type { JsonObject, Service } from '../../local-aws/platform.ts';
import { administrator, create, text } from './small-platform.ts';
import type { SmallPlatform } from './small-platform.ts';

export const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

export interface TestAuthority {
  readonly service: Service;
  readonly arn: string;
  readonly pem: string;
}

export async function createAuthority(
  platform: SmallPlatform,
  changes: JsonObject = {},
): Promise<TestAuthority> {
  const service = createAcmPcaService(platform);
  platform.add(service);
  const signing = changes['SigningAlgorithm'] ?? 'SHA256WITHRSA';
  const authority = await create(service, 'AWS::ACMPCA::CertificateAuthority', {
    Type: 'ROOT',
    KeyAlgorithm: 'RSA_2048',
    SigningAlgorithm: signing,
    Subject: { Country: 'US', Organization: 'Example Corp', CommonName: 'ca.example.com' },
    UsageMode: 'SHORT_LIVED_CERTIFICATE',
    RevocationConfiguration: {
      CrlConfiguration: {
        Enabled: true,
        ExpirationInDays: 7,
        S3BucketName: 'crl-bucket',
        S3ObjectAcl: 'BUCKET_OWNER_FULL_CONTROL',
        CrlDistributionPointExtensionConfiguration: { OmitExtension: true },
      },
    },
    ...changes,
  });
  const certificate = await create(service, 'AWS::ACMPCA::Certificate', {
    CertificateAuthorityArn: authority.ref,
    CertificateSigningRequest: authority.attributes?.['CertificateSigningRequest'] ?? '',
    SigningAlgorithm: signing,
    TemplateArn: 'arn:aws:acm-pca:::template/RootCACertificate/V1',
    Validity: { Type: 'YEARS', Value: 10 },
  });
  const pem = text(certificate.attributes?.['Certificate']);
  await create(service, 'AWS::ACMPCA::CertificateAuthorityActivation', {
    CertificateAuthorityArn: authority.ref,
    Certificate: pem,
    Status: 'ACTIVE',
  });
  return { service, arn: authority.ref, pem };
}

export interface TestHost {
  readonly directory: string;
  readonly keyFile: string;
  readonly certificateFile: string;
  readonly chainFile: string;
  readonly csr: string;
}

const keyOptions = {
  rsa: ['-newkey', 'rsa:2048'],
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
};

/** A key and a request on the disk, as a host would make them. */
export function createHost(
  platform: SmallPlatform,
  subject: string,
  key: 'rsa' | 'ec' = 'rsa',
  san?: string,
): TestHost {
  const directory = mkdtempSync(join(platform.directory, 'host-'));
  const file = (name: string) => join(directory, name);
  openssl(
    'req',
    '-new',
    '-nodes',
    ...keyOptions[key],
    '-keyout',
    file('key'),
    '-subj',
    subject,
    '-out',
    file('csr'),
    ...(san === undefined ? [] : ['-addext', `subjectAltName=${san}`]),
  );
  return {
    directory,
    keyFile: file('key'),
    certificateFile: file('crt'),
    chainFile: file('chain'),
    csr: readFileSync(file('csr'), 'utf8'),
  };
}

export const issueInput = (
  authority: TestAuthority,
  host: TestHost,
  changes: JsonObject = {},
): JsonObject => ({
  CertificateAuthorityArn: authority.arn,
  Csr: Buffer.from(host.csr).toString('base64'),
  SigningAlgorithm: 'SHA256WITHRSA',
  TemplateArn: 'arn:aws:acm-pca:::template/EndEntityClientAuthCertificate/V1',
  Validity: { Type: 'DAYS', Value: 7 },
  ...changes,
});

/** Issues a certificate for the host, writes it and its chain beside the key, and returns its ARN. */
export async function issueFor(
  platform: SmallPlatform,
  authority: TestAuthority,
  host: TestHost,
  changes: JsonObject = {},
): Promise<string> {
  const { CertificateArn: arn } = await authority.service.call(
    'IssueCertificate',
    issueInput(authority, host, changes),
    administrator,
  );
  platform.clock.advance(platform.delays.issuance);
  const fetched = await authority.service.call(
    'GetCertificate',
    { CertificateAuthorityArn: authority.arn, CertificateArn: arn ?? '' },
    administrator,
  );
  writeFileSync(host.certificateFile, text(fetched['Certificate']));
  writeFileSync(host.chainFile, text(fetched['CertificateChain']));
  return text(arn);
}
