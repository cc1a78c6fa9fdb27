import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { resources, templateOf } from './stacks.ts';

const template = templateOf();
const plainHttp = Match.objectLike({
  Effect: 'Deny',
  Principal: Match.anyValue(),
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});

describe('the CRL bucket', () => {
  it('is closed to the public and encrypted', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    });
  });

  it('refuses plain HTTP, and lets Private CA in for this account only', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          plainHttp,
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'acm-pca.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    });
  });

  it('is named in no certificate', () => {
    template.hasResourceProperties('AWS::ACMPCA::CertificateAuthority', {
      RevocationConfiguration: {
        CrlConfiguration: { CrlDistributionPointExtensionConfiguration: { OmitExtension: true } },
      },
    });
  });
});

describe('the topic', () => {
  it('is encrypted with a key of the stack that rotates, and refuses plain HTTP', () => {
    template.hasResourceProperties('AWS::SNS::Topic', {
      KmsMasterKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('NotificationsKey'), 'Arn'] },
    });
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: { Statement: Match.arrayWith([plainHttp]) },
    });
  });
});

describe('the queues', () => {
  it('are all encrypted and all refuse plain HTTP', () => {
    const queues = resources(template, 'AWS::SQS::Queue');
    expect(queues.map(({ properties }) => properties['SqsManagedSseEnabled'])).toEqual(
      queues.map(() => true),
    );
    template.resourcePropertiesCountIs(
      'AWS::SQS::QueuePolicy',
      { PolicyDocument: { Statement: Match.arrayWith([plainHttp]) } },
      queues.length,
    );
  });
});
