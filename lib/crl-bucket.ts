import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct, type IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { Settings } from '../src/settings/settings.ts';
import { keep } from './retention.ts';

/** Below this prefix Private CA writes `<CA id>.crl`. */
export const CRL_PREFIX = 'crl/';

/** Where the CA writes its CRL and certvend reads it; nobody else does. */
export class CrlBucket extends Construct {
  readonly bucket: Bucket;
  /** Lets the CA write; the CA must be created after it. */
  readonly policy: IConstruct;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      // Private CA sets an ACL on what it writes; with ACLs switched off it might not be able to.
      objectOwnership: ObjectOwnership.BUCKET_OWNER_PREFERRED,
    });
    this.allowPrivateCa();
    this.notifyEventBridge();
    const { policy } = this.bucket;
    if (policy === undefined) throw new Error('the CRL bucket has no policy; enforceSSL creates it');
    this.policy = policy;
    keep('CrlBucket', this.bucket, settings);
    keep('CrlBucketPolicy', policy, settings);
    acknowledge(this.bucket, {
      'AwsSolutions-S1':
        'The bucket holds public facts (CRLs) that one service writes and one function reads; an access log would need a second bucket.',
    });
  }

  /** The ARN of the CA cannot be named: the CA is created after this policy. The account stands in for it. */
  private allowPrivateCa(): void {
    const common = {
      principals: [new ServicePrincipal('acm-pca.amazonaws.com')],
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    };
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        ...common,
        sid: 'PrivateCaWritesCrls',
        actions: ['s3:PutObject', 's3:PutObjectAcl'],
        resources: [this.bucket.arnForObjects('*')],
      }),
    );
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        ...common,
        sid: 'PrivateCaLooksAtTheBucket',
        actions: ['s3:GetBucketAcl', 's3:GetBucketLocation'],
        resources: [this.bucket.bucketArn],
      }),
    );
  }

  /** The property of the same name on `Bucket` would add a function of the CDK to set what CloudFormation can set itself. */
  private notifyEventBridge(): void {
    const resource = this.bucket.node.defaultChild;
    if (!(resource instanceof CfnBucket)) throw new Error('the CRL bucket is not an AWS::S3::Bucket');
    resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
  }
}
