import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { CertVend, type CertVendProps } from './certvend.ts';

export interface CertvendStackProps extends StackProps {
  readonly certVend: CertVendProps;
}

/** The stack that `npx cdk deploy` makes: one CertVend, and the outputs that hosts and administrators need. */
export class CertvendStack extends Stack {
  constructor(scope: Construct, id: string, { certVend: props, ...stackProps }: CertvendStackProps) {
    super(scope, id, stackProps);
    const { certificateAuthority, rolesAnywhere } = new CertVend(this, 'CertVend', props);
    const output = (name: string, description: string, value: string) =>
      new CfnOutput(this, name, { description, value });
    output('PCAARN', 'The certificate authority; revoke-certificate wants it', certificateAuthority.arn);
    output('IAMRATrustAnchorARN', 'For aws_signing_helper --trust-anchor-arn', rolesAnywhere.trustAnchorArn);
    output('IAMRAProfileARN', 'For aws_signing_helper --profile-arn', rolesAnywhere.profileArn);
    output(
      'IAMRARoleARN',
      'For aws_signing_helper --role-arn; may do nothing',
      rolesAnywhere.sampleRole.roleArn,
    );
    output('CRLBucketName', 'Where the CA writes its CRL', certificateAuthority.crlBucket.bucket.bucketName);
  }
}
