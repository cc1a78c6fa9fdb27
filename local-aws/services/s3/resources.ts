/** AWS::S3::Bucket and AWS::S3::BucketPolicy. What only matters over months (life cycle, versions) is accepted, not done. */
import { z } from 'zod';
import { parseStrictly } from '../../json-service.ts';
import type { Platform, ResourceType } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';

const encryption = z.strictObject({
  ServerSideEncryptionConfiguration: z.array(
    z.strictObject({
      // KMS would need the key's policy to be judged at every read and write.
      ServerSideEncryptionByDefault: z.strictObject({ SSEAlgorithm: z.literal('AES256') }).optional(),
      BucketKeyEnabled: z.boolean().optional(),
    }),
  ),
});
const lifecycleRule = z.strictObject({
  Id: z.string().optional(),
  Status: z.enum(['Enabled', 'Disabled']),
  Prefix: z.string().optional(),
  ExpirationInDays: z.number().int().positive().optional(),
  NoncurrentVersionExpiration: z
    .strictObject({ NoncurrentDays: z.number().int(), NewerNoncurrentVersions: z.number().int().optional() })
    .optional(),
  AbortIncompleteMultipartUpload: z.strictObject({ DaysAfterInitiation: z.number().int() }).optional(),
});
const bucketProperties = z.strictObject({
  BucketName: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
    .optional(),
  BucketEncryption: encryption.optional(),
  PublicAccessBlockConfiguration: z
    .strictObject({
      BlockPublicAcls: z.boolean().optional(),
      BlockPublicPolicy: z.boolean().optional(),
      IgnorePublicAcls: z.boolean().optional(),
      RestrictPublicBuckets: z.boolean().optional(),
    })
    .optional(),
  OwnershipControls: z
    .strictObject({
      Rules: z.array(
        z.strictObject({
          ObjectOwnership: z.enum(['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter']).optional(),
        }),
      ),
    })
    .optional(),
  NotificationConfiguration: z
    .strictObject({
      EventBridgeConfiguration: z.strictObject({ EventBridgeEnabled: z.boolean().optional() }).optional(),
    })
    .optional(),
  LifecycleConfiguration: z.strictObject({ Rules: z.array(lifecycleRule) }).optional(),
  VersioningConfiguration: z.strictObject({ Status: z.enum(['Enabled', 'Suspended']) }).optional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
});
const policyProperties = z.strictObject({
  Bucket: z.string(),
  PolicyDocument: z.record(z.string(), z.json()),
});

export interface Bucket {
  readonly name: string;
  readonly arn: string;
  /** Whether its events go to EventBridge. */
  readonly eventBridge: boolean;
  /** With BucketOwnerEnforced, an ACL other than the owner's is refused. */
  readonly aclsDisabled: boolean;
}

export function s3Resources(
  platform: Platform,
  add: (bucket: Bucket) => Promise<void>,
  find: (name: string) => Bucket,
): Readonly<Record<string, ResourceType>> {
  return {
    'AWS::S3::Bucket': async (input, context) => {
      const given = parseStrictly(bucketProperties, input);
      const name = given.BucketName ?? generatedName(context, 63).toLowerCase();
      const arn = `arn:${platform.partition}:s3:::${name}`;
      const ownership = given.OwnershipControls?.Rules[0]?.ObjectOwnership ?? 'BucketOwnerEnforced';
      const toEventBridge = given.NotificationConfiguration?.EventBridgeConfiguration;
      await add({
        name,
        arn,
        eventBridge: toEventBridge !== undefined && toEventBridge.EventBridgeEnabled !== false,
        aclsDisabled: ownership === 'BucketOwnerEnforced',
      });
      return {
        ref: name,
        attributes: {
          Arn: arn,
          DomainName: `${name}.s3.amazonaws.com`,
          RegionalDomainName: `${name}.s3.${platform.region}.amazonaws.com`,
        },
      };
    },
    'AWS::S3::BucketPolicy': (input, { logicalId }) => {
      const { Bucket: name, PolicyDocument: document } = parseStrictly(policyProperties, input);
      platform.access.attachResourcePolicy(find(name).arn, logicalId, document);
      return { ref: logicalId };
    },
  };
}
