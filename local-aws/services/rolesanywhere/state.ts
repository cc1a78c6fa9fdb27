/** What IAM Roles Anywhere remembers: trust anchors, profiles, revocation lists, and the subjects it has seen. */
import { randomUUID } from 'node:crypto';
import { AwsError } from '../../platform.ts';
import type { Json, JsonObject, Platform } from '../../platform.ts';
import type { CertificateParts } from '../../x509/certificate.ts';
import type { CrlParts } from '../../x509/crl.ts';

interface Resource {
  readonly id: string;
  readonly arn: string;
  readonly createdAt: number;
  name: string;
  enabled: boolean;
  updatedAt: number;
}

export interface TrustAnchor extends Resource {
  /** `{sourceType, sourceData}` as it came. */
  source: JsonObject;
  readonly notificationSettings: Json;
  /** The trusted certificates, as they were when the anchor was created or last updated. */
  certificates: readonly CertificateParts[];
}

export interface Profile extends Resource {
  readonly roleArns: readonly string[];
  readonly durationSeconds: number;
  readonly acceptRoleSessionName: boolean;
  readonly sessionPolicy: string | undefined;
}

export interface Crl extends Resource {
  readonly trustAnchorArn: string;
  /** The PEM as base64, as it came. */
  data: string;
  list: CrlParts;
}

export interface SeenCredential {
  readonly serialNumber: string;
  readonly issuer: string;
  readonly certificate: string;
  seenAt: number;
  failed: boolean;
}

export interface Subject extends Resource {
  readonly credentials: Map<string, SeenCredential>;
}

export interface State {
  readonly trustAnchors: Map<string, TrustAnchor>;
  readonly profiles: Map<string, Profile>;
  readonly crls: Map<string, Crl>;
  /** By the subject as text. */
  readonly subjects: Map<string, Subject>;
}

export const createState = (): State => ({
  trustAnchors: new Map(),
  profiles: new Map(),
  crls: new Map(),
  subjects: new Map(),
});

/** The members that every resource has. */
export function newRecord(platform: Platform, type: string, name: string, enabled: boolean): Resource {
  const id = randomUUID();
  const now = platform.clock.now();
  return { id, arn: arnOf(platform, type, id), name, enabled, createdAt: now, updatedAt: now };
}

export function arnOf(platform: Platform, type: string, id: string): string {
  return `arn:${platform.partition}:rolesanywhere:${platform.region}:${platform.accountId}:${type}/${id}`;
}

export function findById<T>(records: ReadonlyMap<string, T>, type: string, id: string): T {
  const found = records.get(id);
  if (found === undefined)
    throw new AwsError('ResourceNotFoundException', `The ${type} ${id} does not exist.`, 404);
  return found;
}

export function findByArn<T extends Resource>(records: ReadonlyMap<string, T>, type: string, arn: string): T {
  const found = [...records.values()].find((record) => record.arn === arn);
  if (found === undefined)
    throw new AwsError('ResourceNotFoundException', `The ${type} ${arn} does not exist.`, 404);
  return found;
}

const iso = (at: number): string => new Date(at).toISOString();

export function trustAnchorDetail(anchor: TrustAnchor): JsonObject {
  const { id, arn, name, enabled, source, notificationSettings } = anchor;
  const times = { createdAt: iso(anchor.createdAt), updatedAt: iso(anchor.updatedAt) };
  return { trustAnchorId: id, trustAnchorArn: arn, name, enabled, source, notificationSettings, ...times };
}

export function profileDetail(profile: Profile): JsonObject {
  const { id, arn, name, enabled, durationSeconds, acceptRoleSessionName, sessionPolicy } = profile;
  return {
    profileId: id,
    profileArn: arn,
    name,
    enabled,
    roleArns: [...profile.roleArns],
    durationSeconds,
    acceptRoleSessionName,
    requireInstanceProperties: false,
    managedPolicyArns: [],
    ...(sessionPolicy !== undefined && { sessionPolicy }),
    createdAt: iso(profile.createdAt),
    updatedAt: iso(profile.updatedAt),
  };
}

export function crlDetail(crl: Crl): JsonObject {
  const { id, arn, name, enabled, trustAnchorArn, data } = crl;
  const times = { createdAt: iso(crl.createdAt), updatedAt: iso(crl.updatedAt) };
  return { crlId: id, crlArn: arn, name, enabled, trustAnchorArn, crlData: data, ...times };
}

export function subjectDetail(subject: Subject): JsonObject {
  const credentials = [...subject.credentials.values()].map((seen) => ({
    serialNumber: seen.serialNumber,
    issuer: seen.issuer,
    seenAt: iso(seen.seenAt),
    failed: seen.failed,
    enabled: true,
    x509CertificateData: seen.certificate,
  }));
  return { ...subjectSummary(subject), credentials, instanceProperties: [] };
}

export function subjectSummary(subject: Subject): JsonObject {
  const { id, arn, name, enabled } = subject;
  const times = {
    createdAt: iso(subject.createdAt),
    updatedAt: iso(subject.updatedAt),
    lastSeenAt: iso(subject.updatedAt),
  };
  return { subjectId: id, subjectArn: arn, x509Subject: name, enabled, ...times };
}
