/** The three CloudFormation types that make a private root CA: the authority, its certificate, its activation. */
import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { parseStrictly } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { CreatedResource, JsonObject, Platform, ResourceType } from '../../platform.ts';
import { fits, keyAlgorithms, signingAlgorithms } from '../../x509/algorithms.ts';
import { readCertificate } from '../../x509/certificate.ts';
import * as extensions from '../../x509/extensions.ts';
import { fromPem } from '../../x509/pem.ts';
import { CRL_ACL, newAuthority, register, serviceCaller, sign } from './authority.ts';
import type { Authority, AuthoritySettings, CrlSettings, IssuedCertificate } from './authority.ts';
import { endOf, parseRequest, templateOf } from './issue.ts';
import { keepAuthority, reviveAuthority } from './kept.ts';

/** What the resources need of the service around them. */
export interface AuthorityRegistry {
  add(authority: Authority): void;
  find(arn: string): Authority;
  /** Reports a certificate that was signed at once. */
  issued(authority: Authority, entry: IssuedCertificate): void;
}

const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() }));
export const validity = z.strictObject({
  Type: z.enum(['ABSOLUTE', 'DAYS', 'MONTHS', 'YEARS', 'END_DATE']),
  Value: z.coerce.number().int().min(1),
});
const crlConfiguration = z.strictObject({
  Enabled: z.boolean(),
  ExpirationInDays: z.coerce.number().int().min(1).max(5000).optional(),
  S3BucketName: z.string().min(3).max(255).optional(),
  S3ObjectAcl: z.enum(['PUBLIC_READ', 'BUCKET_OWNER_FULL_CONTROL']).optional(),
  CrlDistributionPointExtensionConfiguration: z.strictObject({ OmitExtension: z.boolean() }).optional(),
  CrlType: z.literal('COMPLETE').optional(),
  CustomPath: z.string().max(253).optional(),
});
const authorityProperties = z.strictObject({
  Type: z.literal('ROOT'),
  KeyAlgorithm: z.enum(keyAlgorithms),
  SigningAlgorithm: z.enum(signingAlgorithms),
  Subject: z.strictObject({
    Country: z.string().length(2).optional(),
    Organization: z.string().min(1).max(64).optional(),
    OrganizationalUnit: z.string().min(1).max(64).optional(),
    State: z.string().min(1).max(128).optional(),
    Locality: z.string().min(1).max(128).optional(),
    CommonName: z.string().min(1).max(64).optional(),
    SerialNumber: z.string().min(1).max(64).optional(),
  }),
  UsageMode: z.enum(['GENERAL_PURPOSE', 'SHORT_LIVED_CERTIFICATE']).optional(),
  KeyStorageSecurityStandard: z
    .enum(['FIPS_140_2_LEVEL_2_OR_HIGHER', 'FIPS_140_2_LEVEL_3_OR_HIGHER'])
    .optional(),
  RevocationConfiguration: z
    .strictObject({
      CrlConfiguration: crlConfiguration.optional(),
      OcspConfiguration: z.strictObject({ Enabled: z.literal(false) }).optional(),
    })
    .optional(),
  Tags: tags.optional(),
});
const certificateProperties = z.strictObject({
  CertificateAuthorityArn: z.string(),
  CertificateSigningRequest: z.string(),
  SigningAlgorithm: z.enum(signingAlgorithms),
  TemplateArn: z.string(),
  Validity: validity,
});
const activationProperties = z.strictObject({
  CertificateAuthorityArn: z.string(),
  Certificate: z.string(),
  CertificateChain: z.literal('').optional(),
  Status: z.enum(['ACTIVE', 'DISABLED']).optional(),
});

export function acmPcaResources(
  platform: Platform,
  registry: AuthorityRegistry,
): Record<string, ResourceType> {
  return {
    'AWS::ACMPCA::CertificateAuthority': (properties, { stackName, logicalId }) =>
      createAuthority(platform, registry, properties, `${stackName}/${logicalId}`),
    'AWS::ACMPCA::Certificate': (properties) => createRootCertificate(platform, registry, properties),
    'AWS::ACMPCA::CertificateAuthorityActivation': (properties) => activate(registry, properties),
  };
}

async function createAuthority(
  platform: Platform,
  registry: AuthorityRegistry,
  properties: JsonObject,
  name: string,
): Promise<CreatedResource> {
  const input = parseStrictly(authorityProperties, properties);
  if (!fits(input.KeyAlgorithm, input.SigningAlgorithm)) {
    throw new AwsError(
      'InvalidArgsException',
      `${input.SigningAlgorithm} does not fit ${input.KeyAlgorithm}`,
    );
  }
  const { Subject: subject } = input;
  const attributes = {
    ...(subject.Country !== undefined && { C: subject.Country }),
    ...(subject.Organization !== undefined && { O: subject.Organization }),
    ...(subject.OrganizationalUnit !== undefined && { OU: subject.OrganizationalUnit }),
    ...(subject.State !== undefined && { ST: subject.State }),
    ...(subject.Locality !== undefined && { L: subject.Locality }),
    ...(subject.CommonName !== undefined && { CN: subject.CommonName }),
    ...(subject.SerialNumber !== undefined && { serialNumber: subject.SerialNumber }),
  };
  const { KeyAlgorithm: keyAlgorithm, SigningAlgorithm: signingAlgorithm } = input;
  const settings: AuthoritySettings = {
    keyAlgorithm,
    signingAlgorithm,
    subject: attributes,
    shortLived: input.UsageMode === 'SHORT_LIVED_CERTIFICATE',
    crl: crlSettings(input.RevocationConfiguration?.CrlConfiguration),
    description: describe(properties),
  };
  const authority = reviveAuthority(platform, name, settings) ?? newAuthority(platform, settings);
  keepAuthority(platform, name, authority);
  await testBucket(platform, authority);
  registry.add(authority);
  platform.emit({
    source: 'aws.acm-pca',
    'detail-type': 'ACM Private CA Creation',
    resources: [authority.arn],
    detail: { result: 'success' },
  });
  return { ref: authority.arn, attributes: { Arn: authority.arn, CertificateSigningRequest: authority.csr } };
}

function describe(properties: JsonObject): JsonObject {
  const { KeyAlgorithm = null, SigningAlgorithm = null, Subject = null, ...rest } = properties;
  const { RevocationConfiguration = {}, UsageMode = 'GENERAL_PURPOSE' } = rest;
  return {
    CertificateAuthorityConfiguration: { KeyAlgorithm, SigningAlgorithm, Subject },
    RevocationConfiguration,
    UsageMode,
  };
}

function crlSettings(input: z.infer<typeof crlConfiguration> | undefined): CrlSettings | undefined {
  if (input?.Enabled !== true) return undefined;
  if (input.S3BucketName === undefined || input.ExpirationInDays === undefined) {
    throw new AwsError('InvalidArgsException', 'an enabled CRL needs S3BucketName and ExpirationInDays');
  }
  // The default ACL, PUBLIC_READ, fails where public access is blocked, and every bucket of the local AWS blocks it.
  if (input.S3ObjectAcl !== 'BUCKET_OWNER_FULL_CONTROL') {
    throw new AwsError(
      'InvalidRequestException',
      'S3ObjectAcl PUBLIC_READ is refused by Block Public Access: set BUCKET_OWNER_FULL_CONTROL',
    );
  }
  return {
    bucket: input.S3BucketName,
    expirationInDays: input.ExpirationInDays,
    omitDistributionPoint: input.CrlDistributionPointExtensionConfiguration?.OmitExtension ?? false,
    prefix: input.CustomPath === undefined ? 'crl/' : `${input.CustomPath.replace(/\/$/, '')}/`,
  };
}

/** Private CA looks at the bucket and writes a test object at creation, so a bucket policy that comes too late fails here as it does on AWS. */
async function testBucket(platform: Platform, authority: Authority): Promise<void> {
  const { crl } = authority.settings;
  if (crl === undefined) return;
  const object = { Bucket: crl.bucket, Key: 'acm-pca-permission-test-key', Body: '', ACL: CRL_ACL };
  const resource = `arn:${platform.partition}:s3:::${crl.bucket}`;
  try {
    platform.access.authorize(serviceCaller(authority), [
      { action: 's3:GetBucketLocation', resource },
      { action: 's3:GetBucketAcl', resource },
    ]);
    await platform.call(serviceCaller(authority), 's3', 'PutObject', object);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    throw new AwsError(
      'InvalidRequestException',
      `The ACM Private CA Service Principal 'acm-pca.amazonaws.com' cannot write to ${crl.bucket}: ${reason}`,
    );
  }
}

function createRootCertificate(
  platform: Platform,
  registry: AuthorityRegistry,
  properties: JsonObject,
): CreatedResource {
  const input = parseStrictly(certificateProperties, properties);
  const authority = registry.find(input.CertificateAuthorityArn);
  if (templateOf(input.TemplateArn) !== 'RootCACertificate/V1') {
    throw new AwsError(
      'InvalidArgsException',
      `the local AWS creates only root certificates by template, not ${input.TemplateArn}`,
    );
  }
  const csr = parseRequest(input.CertificateSigningRequest);
  if (!csr.publicKeyInfo.equals(authority.publicKeyInfo)) {
    throw new AwsError(
      'InvalidArgsException',
      'the request of a root certificate must be the CertificateSigningRequest of the CA',
    );
  }
  if (!fits(authority.settings.keyAlgorithm, input.SigningAlgorithm)) {
    throw new AwsError(
      'InvalidArgsException',
      `${input.SigningAlgorithm} does not fit ${authority.settings.keyAlgorithm}`,
    );
  }
  const own = [...authority.issued.values()].find(({ pem }) => pem === authority.certificate?.pem);
  // The authority is one of the run before and has its certificate already.
  if (own !== undefined) return { ref: own.arn, attributes: { Arn: own.arn, Certificate: own.pem } };
  const now = platform.clock.now();
  const notAfter = endOf(input.Validity, now);
  const entry = register(authority, notAfter);
  const content = {
    subject: authority.subject,
    publicKeyInfo: authority.publicKeyInfo,
    notBefore: now - 3_600_000,
    notAfter,
    extensions: [
      extensions.basicConstraints(true),
      extensions.subjectKeyIdentifier(authority.publicKeyInfo),
      extensions.keyUsage('digitalSignature', 'keyCertSign', 'cRLSign'),
    ],
  };
  sign(authority, entry, content, input.SigningAlgorithm);
  registry.issued(authority, entry);
  return { ref: entry.arn, attributes: { Arn: entry.arn, Certificate: entry.pem } };
}

function activate(registry: AuthorityRegistry, properties: JsonObject): CreatedResource {
  const input = parseStrictly(activationProperties, properties);
  const authority = registry.find(input.CertificateAuthorityArn);
  const [bytes] = fromPem(input.Certificate, 'CERTIFICATE');
  if (bytes === undefined) throw new AwsError('MalformedCertificateException', 'the certificate is not PEM');
  const { notBefore, notAfter, publicKey } = readCertificate(bytes);
  const own = createPublicKey({ key: authority.publicKeyInfo, format: 'der', type: 'spki' });
  if (!publicKey.equals(own)) {
    throw new AwsError(
      'CertificateMismatchException',
      'the certificate does not hold the public key of the CA',
    );
  }
  authority.certificate = { pem: input.Certificate, notBefore, notAfter };
  authority.status = input.Status ?? 'ACTIVE';
  return { ref: authority.arn, attributes: { CompleteCertificateChain: input.Certificate } };
}
