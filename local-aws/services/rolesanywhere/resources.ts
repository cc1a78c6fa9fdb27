/** AWS::RolesAnywhere::TrustAnchor and ::Profile. */
import { z } from 'zod';
import { parseStrictly } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { CreatedResource, Json, JsonObject, Platform, ResourceType } from '../../platform.ts';
import { readCertificate } from '../../x509/certificate.ts';
import type { CertificateParts } from '../../x509/certificate.ts';
import { hasKeyUsage, isAuthority } from '../../x509/extensions.ts';
import { fromPem } from '../../x509/pem.ts';
import { keptRecord, reviveCrls } from './kept.ts';
import type { State, TrustAnchor } from './state.ts';

export const resourceName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[ a-zA-Z0-9_-]*$/);
const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).max(200);
const trustAnchorProperties = z.strictObject({
  Name: resourceName,
  Enabled: z.boolean().default(false),
  Source: z.strictObject({
    SourceType: z.enum(['AWS_ACM_PCA', 'CERTIFICATE_BUNDLE']),
    SourceData: z.strictObject({
      AcmPcaArn: z.string().optional(),
      X509CertificateData: z.string().min(1).max(16_000).optional(),
    }),
  }),
  NotificationSettings: z
    .array(
      z.strictObject({
        Event: z.enum(['CA_CERTIFICATE_EXPIRY', 'END_ENTITY_CERTIFICATE_EXPIRY']),
        Enabled: z.boolean(),
        Threshold: z.number().int().min(1).max(360).optional(),
        Channel: z.literal('ALL').optional(),
      }),
    )
    .max(50)
    .optional(),
  Tags: tags.optional(),
});
const profileProperties = z.strictObject({
  Name: resourceName,
  Enabled: z.boolean().default(false),
  RoleArns: z.array(z.string()).max(250),
  DurationSeconds: z.number().int().min(900).max(43_200).default(3600),
  AcceptRoleSessionName: z.boolean().default(false),
  RequireInstanceProperties: z.boolean().optional(),
  SessionPolicy: z.string().optional(),
  Tags: tags.optional(),
});

export function rolesAnywhereResources(platform: Platform, state: State): Record<string, ResourceType> {
  return {
    'AWS::RolesAnywhere::TrustAnchor': (properties) => createTrustAnchor(platform, state, properties),
    'AWS::RolesAnywhere::Profile': (properties) => createProfile(platform, state, properties),
  };
}

async function createTrustAnchor(
  platform: Platform,
  state: State,
  properties: JsonObject,
): Promise<CreatedResource> {
  const input = parseStrictly(trustAnchorProperties, properties);
  requireRoom('trust anchors', state.trustAnchors, LIMITS.trustAnchors.value);
  const { AcmPcaArn: acmPcaArn, X509CertificateData: x509CertificateData } = input.Source.SourceData;
  const sourceData: Record<string, string> = {
    ...(acmPcaArn !== undefined && { acmPcaArn }),
    ...(x509CertificateData !== undefined && { x509CertificateData }),
  };
  const record = keptRecord(platform, 'trust-anchor', input.Name, input.Enabled);
  const source = { sourceType: input.Source.SourceType, sourceData };
  const anchor: TrustAnchor = {
    ...record,
    source,
    notificationSettings: notifications(input.NotificationSettings ?? []),
    certificates: await trustedCertificates(platform, record.arn, source),
  };
  state.trustAnchors.set(anchor.id, anchor);
  reviveCrls(platform, state, anchor);
  return { ref: anchor.id, attributes: { TrustAnchorArn: anchor.arn, TrustAnchorId: anchor.id } };
}

interface Notification {
  readonly Event: string;
  readonly Enabled: boolean;
  readonly Threshold?: number | undefined;
}

/** What was set, and the service's own default of 45 days for the rest. */
function notifications(custom: readonly Notification[]): Json {
  return ['CA_CERTIFICATE_EXPIRY', 'END_ENTITY_CERTIFICATE_EXPIRY'].map((event) => {
    const found = custom.find((setting) => setting.Event === event);
    return {
      event,
      enabled: found?.Enabled ?? true,
      threshold: found?.Threshold ?? 45,
      channel: 'ALL',
      configuredBy: found === undefined ? 'rolesanywhere.amazonaws.com' : 'account',
    };
  });
}

/** The CA certificates behind a source. Private CA is asked now: a later renewal needs UpdateTrustAnchor. */
export async function trustedCertificates(
  platform: Platform,
  anchorArn: string,
  source: { readonly sourceType: string; readonly sourceData: Readonly<Record<string, string>> },
): Promise<CertificateParts[]> {
  const { acmPcaArn, x509CertificateData } = source.sourceData;
  const pem =
    source.sourceType === 'AWS_ACM_PCA'
      ? await fromPrivateCa(platform, anchorArn, acmPcaArn)
      : x509CertificateData;
  const certificates = fromPem(pem ?? '', 'CERTIFICATE').map(readCertificate);
  if (certificates.length < 1 || certificates.length > 2)
    throw invalid('a trust anchor holds one or two certificates');
  for (const certificate of certificates) {
    if (isAuthority(certificate) !== true) throw invalid('Incorrect basic constraints for CA certificate');
    if (!hasKeyUsage(certificate, 'keyCertSign')) throw invalid('Incorrect key usage for CA certificate');
  }
  return certificates;
}

async function fromPrivateCa(
  platform: Platform,
  anchorArn: string,
  authorityArn: string | undefined,
): Promise<string> {
  if (authorityArn === undefined) throw invalid('AWS_ACM_PCA needs AcmPcaArn');
  const caller = { kind: 'service', service: 'rolesanywhere.amazonaws.com', sourceArn: anchorArn } as const;
  const input = { CertificateAuthorityArn: authorityArn };
  const answer = await platform.call(caller, 'acm-pca', 'GetCertificateAuthorityCertificate', input);
  return typeof answer['Certificate'] === 'string' ? answer['Certificate'] : '';
}

function createProfile(platform: Platform, state: State, properties: JsonObject): CreatedResource {
  const input = parseStrictly(profileProperties, properties);
  requireRoom('profiles', state.profiles, LIMITS.profiles.value);
  const profile = {
    ...keptRecord(platform, 'profile', input.Name, input.Enabled),
    roleArns: input.RoleArns,
    durationSeconds: input.DurationSeconds,
    acceptRoleSessionName: input.AcceptRoleSessionName,
    sessionPolicy: input.SessionPolicy,
  };
  state.profiles.set(profile.id, profile);
  return { ref: profile.id, attributes: { ProfileArn: profile.arn, ProfileId: profile.id } };
}

function requireRoom(what: string, present: ReadonlyMap<string, unknown>, most: number): void {
  if (present.size >= most) throw invalid(`an account has at most ${String(most)} ${what}`);
}

export function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}
