import { Stack } from 'aws-cdk-lib';
import {
  CfnCertificate,
  CfnCertificateAuthority,
  CfnCertificateAuthorityActivation,
} from 'aws-cdk-lib/aws-acmpca';
import { Construct } from 'constructs';
import type { Settings } from '../src/settings/settings.ts';
import { CaGuard } from './ca-guard.ts';
import { CrlBucket } from './crl-bucket.ts';
import { keep } from './retention.ts';

/** A CRL is written at least this often, revocations or not, and about half an hour after each revocation. */
const CRL_EXPIRATION_DAYS = 7;

/** The root CA in short-lived mode, its self-signed certificate, and where it writes its CRL. */
export class CertificateAuthority extends Construct {
  readonly arn: string;
  readonly crlBucket: CrlBucket;
  /** The only template that host certificates are issued from; the issuing role is pinned to it. */
  readonly templateArn: string;
  /** Whoever needs a CA that can issue depends on this. */
  readonly activation: CfnCertificateAuthorityActivation;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.crlBucket = new CrlBucket(this, 'CrlBucket', settings);
    this.templateArn = templateArn(this, 'EndEntityClientAuthCertificate');
    const authority = this.createAuthority(settings);
    this.arn = authority.attrArn;
    const certificate = new CfnCertificate(this, 'Certificate', {
      certificateAuthorityArn: this.arn,
      certificateSigningRequest: authority.attrCertificateSigningRequest,
      signingAlgorithm: settings.signingAlgorithm,
      templateArn: templateArn(this, 'RootCACertificate'),
      validity: { type: 'YEARS', value: settings.caCertValidity },
    });
    this.activation = new CfnCertificateAuthorityActivation(this, 'Activation', {
      certificateAuthorityArn: this.arn,
      certificate: certificate.attrCertificate,
      status: 'ACTIVE',
    });
    keep('CertificateAuthority', authority, settings);
    keep('CertificateAuthorityCertificate', certificate, settings);
    // Deleting the activation disables the CA, so it is kept like the CA itself.
    keep('CertificateAuthorityActivation', this.activation, settings);
  }

  private createAuthority(settings: Settings): CfnCertificateAuthority {
    const authority = new CfnCertificateAuthority(this, 'Authority', {
      type: 'ROOT',
      usageMode: 'SHORT_LIVED_CERTIFICATE',
      keyAlgorithm: settings.keyAlgorithm,
      signingAlgorithm: settings.signingAlgorithm,
      subject: {
        commonName: settings.caCommonName,
        organization: settings.orgName,
        country: settings.caCountry,
      },
      revocationConfiguration: {
        crlConfiguration: {
          enabled: true,
          expirationInDays: CRL_EXPIRATION_DAYS,
          s3BucketName: this.crlBucket.bucket.bucketName,
          // The default is public-read, which the bucket refuses.
          s3ObjectAcl: 'BUCKET_OWNER_FULL_CONTROL',
          // Roles Anywhere reads imported CRLs only, and the bucket is private: no URL in the certificates.
          crlDistributionPointExtensionConfiguration: { omitExtension: true },
        },
      },
    });
    // Private CA tries to write to the bucket before it accepts the configuration.
    authority.node.addDependency(this.crlBucket.policy);
    if (!settings.replaceCA) authority.node.addDependency(new CaGuard(this, 'Guard', settings));
    return authority;
  }
}

function templateArn(scope: Construct, name: string): string {
  return `arn:${Stack.of(scope).partition}:acm-pca:::template/${name}/V1`;
}
