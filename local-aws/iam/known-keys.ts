/**
 * The condition keys that requests of this AWS carry. A policy that asks for any other would be judged as if the key were
 * absent, so it is refused by name when it is deployed.
 */

const KEYS: ReadonlySet<string> = new Set(
  [
    'acm-pca:TemplateArn',
    'aws:PrincipalAccount',
    'aws:PrincipalArn',
    'aws:PrincipalIsAWSService',
    'aws:PrincipalServiceName',
    'aws:PrincipalType',
    'aws:ResourceAccount',
    'aws:SecureTransport',
    'aws:SourceAccount',
    'aws:SourceArn',
    'aws:SourceIdentity',
    'kms:CallerAccount',
    'kms:ViaService',
    's3:prefix',
    's3:x-amz-acl',
    'sts:SourceIdentity',
  ].map((key) => key.toLowerCase()),
);

/** Tags of the session are its own: any name may occur. */
const TAG = /^aws:principaltag\/.+$/;

export function isKnownKey(key: string): boolean {
  const name = key.toLowerCase();
  return KEYS.has(name) || TAG.test(name);
}
