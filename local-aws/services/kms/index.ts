/** KMS keys and aliases as recorded state: policies are judged, nothing is encrypted. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { awsJson, parseStrictly } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { Platform, ResourceType, Service } from '../../platform.ts';

const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() }));
const keyProperties = z.strictObject({
  KeyPolicy: z.record(z.string(), z.json()),
  Description: z.string().optional(),
  Enabled: z.boolean().optional(),
  EnableKeyRotation: z.boolean().optional(),
  RotationPeriodInDays: z.number().int().min(90).max(2560).optional(),
  KeyUsage: z.literal('ENCRYPT_DECRYPT').optional(),
  KeySpec: z.literal('SYMMETRIC_DEFAULT').optional(),
  MultiRegion: z.literal(false).optional(),
  PendingWindowInDays: z.number().int().min(7).max(30).optional(),
  Tags: tags.optional(),
});
const aliasProperties = z.strictObject({
  AliasName: z.string().regex(/^alias\/(?!aws\/)/),
  TargetKeyId: z.string(),
});

export interface KmsService extends Service {
  /** The ARN behind a key id, key ARN, alias or alias ARN; an `alias/aws/…` stays what it is. */
  keyArnOf(reference: string): string;
}

export function createKmsService(platform: Platform): KmsService {
  const prefix = `arn:${platform.partition}:kms:${platform.region}:${platform.accountId}:`;
  const keys = new Set<string>();
  const aliases = new Map<string, string>();

  function keyArnOf(reference: string): string {
    const name = reference.startsWith(prefix) ? reference.slice(prefix.length) : reference;
    if (name.startsWith('alias/aws/')) return `${prefix}${name}`;
    const arn = name.startsWith('alias/') ? aliases.get(name) : `${prefix}key/${name.replace(/^key\//, '')}`;
    if (arn !== undefined && keys.has(arn)) return arn;
    throw new AwsError('NotFoundException', `there is no KMS key ${reference}`);
  }

  const key: ResourceType = (input, { logicalId }) => {
    const given = parseStrictly(keyProperties, input);
    const id = randomUUID();
    const arn = `${prefix}key/${id}`;
    // In a key policy `*` means this key, which is what the evaluation does with it anyway.
    platform.access.attachResourcePolicy(arn, logicalId, given.KeyPolicy);
    keys.add(arn);
    return { ref: id, attributes: { Arn: arn, KeyId: id } };
  };
  const alias: ResourceType = (input) => {
    const given = parseStrictly(aliasProperties, input);
    aliases.set(given.AliasName, keyArnOf(given.TargetKeyId));
    return { ref: given.AliasName };
  };

  const service = awsJson({
    scope: 'kms',
    targetPrefix: 'TrentService',
    operations: {},
    access: platform.access,
    rest: { resources: { 'AWS::KMS::Key': key, 'AWS::KMS::Alias': alias } },
  });
  return { ...service, keyArnOf };
}
