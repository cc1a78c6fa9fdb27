import { describe, expect, it } from 'vitest';
import { resources, templateOf } from './stacks.ts';

/** A changed logical id makes CloudFormation create a second one of these, and they cannot be recreated. */
const STATEFUL = {
  InventoryTable: 'AWS::DynamoDB::Table',
  LedgerTable: 'AWS::DynamoDB::Table',
  CrlBucket: 'AWS::S3::Bucket',
  CrlBucketPolicy: 'AWS::S3::BucketPolicy',
  CertificateAuthority: 'AWS::ACMPCA::CertificateAuthority',
  CertificateAuthorityCertificate: 'AWS::ACMPCA::Certificate',
  CertificateAuthorityActivation: 'AWS::ACMPCA::CertificateAuthorityActivation',
  TrustAnchor: 'AWS::RolesAnywhere::TrustAnchor',
};

describe.each(['', 'dev-'])('with the prefix %j', (namePrefix) => {
  const found = resources(templateOf({ namePrefix }));

  it.each(Object.entries(STATEFUL))('%s keeps its logical id', (id, type) => {
    expect(found.filter((resource) => resource.type === type).map((resource) => resource.id)).toContain(id);
  });

  it('what holds state outlives the stack, unless its own creation failed', () => {
    const kept = found.filter(({ deletionPolicy }) => deletionPolicy === 'RetainExceptOnCreate');
    expect(kept.map(({ id }) => id).sort()).toEqual(Object.keys(STATEFUL).sort());
    expect(kept.map(({ updateReplacePolicy }) => updateReplacePolicy)).toEqual(kept.map(() => 'Retain'));
  });

  it('the tables are protected from deletion', () => {
    const tables = found.filter(({ type }) => type === 'AWS::DynamoDB::Table');
    expect(tables.map(({ properties }) => properties['DeletionProtectionEnabled'])).toEqual([true, true]);
  });
});

describe('with removalPolicy destroy', () => {
  const found = resources(templateOf({ removalPolicy: 'destroy' }));

  it('nothing stays behind', () => {
    expect(found.filter(({ deletionPolicy }) => /Retain/.test(String(deletionPolicy)))).toEqual([]);
    expect(found.filter(({ properties }) => properties['DeletionProtectionEnabled'] === true)).toEqual([]);
  });
});

describe('the CA', () => {
  const found = resources(templateOf());
  const byId = (id: string) => found.find((resource) => resource.id === id);

  it('is created after the policy of its bucket, the trust anchor after the activation', () => {
    expect(byId('CertificateAuthority')?.dependsOn).toContain('CrlBucketPolicy');
    expect(byId('TrustAnchor')?.dependsOn).toContain('CertificateAuthorityActivation');
  });

  it('is a short-lived root that tells nobody where its CRL is', () => {
    expect(byId('CertificateAuthority')?.properties).toMatchObject({
      Type: 'ROOT',
      UsageMode: 'SHORT_LIVED_CERTIFICATE',
      Subject: { CommonName: 'ca.example.com', Organization: 'Example Corp', Country: 'US' },
      RevocationConfiguration: {
        CrlConfiguration: {
          Enabled: true,
          S3ObjectAcl: 'BUCKET_OWNER_FULL_CONTROL',
          CrlDistributionPointExtensionConfiguration: { OmitExtension: true },
        },
      },
    });
  });
});
