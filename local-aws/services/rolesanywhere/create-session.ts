/** CreateSession: from a signed request with a certificate to temporary credentials of a role. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseStrictly } from '../../json-service.ts';
import type { HttpRequest, Json, JsonObject, Platform } from '../../platform.ts';
import type { CertificateParts } from '../../x509/certificate.ts';
import { extensionIds } from '../../x509/certificate.ts';
import { children, readDer } from '../../x509/der.ts';
import type { DerValue } from '../../x509/der.ts';
import { readName } from '../../x509/name.ts';
import { toPem } from '../../x509/pem.ts';
import { invalid } from './resources.ts';
import { denied, verifyRequest } from './signature.ts';
import type { SignedRequest } from './signature.ts';
import { findByArn, newRecord } from './state.ts';
import type { Profile, State, Subject } from './state.ts';
import { requireTrusted } from './trust.ts';

const sessionInput = z.strictObject({
  profileArn: z.string(),
  roleArn: z.string(),
  trustAnchorArn: z.string(),
  durationSeconds: z.coerce.number().int().min(900).max(43_200).optional(),
  roleSessionName: z.string().min(2).max(64).optional(),
  cert: z.string().optional(),
  instanceProperties: z.record(z.string(), z.string()).optional(),
});
type SessionInput = z.infer<typeof sessionInput>;

/** Values outside the characters of STS tags are dropped without a word, as AWS does. */
const tagValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

export function createSession(platform: Platform, state: State, request: HttpRequest): JsonObject {
  const input = parseStrictly(sessionInput, { ...body(request), ...Object.fromEntries(request.query) });
  const signed = verifyRequest(platform, request);
  const anchor = findByArn(state.trustAnchors, 'trust anchor', input.trustAnchorArn);
  const profile = findByArn(state.profiles, 'profile', input.profileArn);
  if (!anchor.enabled) throw denied('The trust anchor is disabled');
  const { certificate, intermediates } = signed;
  try {
    requireTrusted(state, anchor, certificate, intermediates, platform.clock.now());
  } catch (error) {
    // Only a known subject is marked: an untrusted stranger leaves no record.
    if (state.subjects.has(nameText(certificate.subject))) remember(platform, state, signed, true);
    throw error;
  }
  const subject = remember(platform, state, signed, false);
  const sourceIdentity = identityOf(certificate);
  const tags = sessionTags(certificate);
  requireRole(platform, profile, input, {
    'aws:SourceArn': anchor.arn,
    'aws:SourceAccount': platform.accountId,
    'sts:SourceIdentity': sourceIdentity,
    ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:PrincipalTag/${name}`, value])),
  });
  return session(platform, profile, input, { certificate, sourceIdentity, tags, subject });
}

function body(request: HttpRequest): JsonObject {
  if (request.body.length === 0) return {};
  try {
    // JSON.parse gives unknown content; the strict schema judges it next.
    return JSON.parse(request.body.toString('utf8')) as JsonObject;
  } catch {
    throw invalid('the request body is not JSON');
  }
}

function requireRole(
  platform: Platform,
  profile: Profile,
  input: SessionInput,
  context: Readonly<Record<string, string>>,
): void {
  if (!profile.enabled) throw denied('The profile is disabled');
  if (!profile.roleArns.includes(input.roleArn))
    throw denied(`The role ${input.roleArn} is not in the profile`);
  if (input.roleSessionName !== undefined && !profile.acceptRoleSessionName)
    throw denied('Not authorized to set roleSessionName.');
  for (const action of ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']) {
    const verdict = platform.access.mayAssume(input.roleArn, 'rolesanywhere.amazonaws.com', action, context);
    if (!verdict.allowed)
      throw denied(`Unable to assume role for ${input.roleArn}: ${action}: ${verdict.reason}`);
  }
}

interface Authenticated {
  readonly certificate: CertificateParts;
  readonly sourceIdentity: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly subject: Subject;
}

function session(platform: Platform, profile: Profile, input: SessionInput, who: Authenticated): JsonObject {
  const { roleArn } = input;
  const sessionName = input.roleSessionName ?? serialHex(who.certificate);
  const seconds = Math.min(profile.durationSeconds, input.durationSeconds ?? profile.durationSeconds);
  const expiresAt = platform.clock.now() + seconds * 1000;
  const { sourceIdentity, tags } = who;
  const sessionPolicies =
    profile.sessionPolicy === undefined ? {} : { sessionPolicies: [policy(profile.sessionPolicy)] };
  const credentials = platform.access.issue({
    roleArn,
    sessionName,
    sourceIdentity,
    tags,
    expiresAt,
    ...sessionPolicies,
  });
  const roleId = `AROA${createHash('sha256').update(roleArn).digest('hex').slice(0, 17).toUpperCase()}`;
  const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  return {
    credentialSet: [
      {
        assumedRoleUser: {
          arn: `arn:${platform.partition}:sts::${platform.accountId}:assumed-role/${roleName}/${sessionName}`,
          assumedRoleId: `${roleId}:${sessionName}`,
        },
        credentials: {
          ...credentials,
          expiration: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z'),
        },
        packedPolicySize: 5,
        roleArn,
        sourceIdentity,
      },
    ],
    subjectArn: who.subject.arn,
  };
}

function policy(text: string): JsonObject {
  const parsed: Json = z.json().parse(JSON.parse(text));
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed))
    throw invalid('the session policy is not an object');
  return parsed;
}

function remember(platform: Platform, state: State, signed: SignedRequest, failed: boolean): Subject {
  const { certificate, certificateData } = signed;
  const name = nameText(certificate.subject);
  const now = platform.clock.now();
  const subject = state.subjects.get(name) ?? {
    ...newRecord(platform, 'subject', name, true),
    credentials: new Map(),
  };
  subject.updatedAt = now;
  const serialNumber = serialHex(certificate);
  const pem = toPem('CERTIFICATE', Buffer.from(certificateData, 'base64'));
  subject.credentials.set(serialNumber, {
    serialNumber,
    issuer: nameText(certificate.issuer),
    certificate: pem,
    seenAt: now,
    failed,
  });
  state.subjects.set(name, subject);
  return subject;
}

function serialHex(certificate: CertificateParts): string {
  return certificate.serial.toString('hex').replace(/^00(?=..)/, '');
}

function nameText(name: DerValue): string {
  return readName(name)
    .map(({ type, value }) => `${type}=${value}`)
    .join(',');
}

/** `CN=` and the CN up to 61 characters, the bare CN up to 64, otherwise `ID=` and the serial. */
function identityOf(certificate: CertificateParts): string {
  const cn = readName(certificate.subject).find(({ type }) => type === 'CN')?.value;
  if (cn === undefined || cn === '') return `ID=${serialHex(certificate)}`;
  return cn.length <= 61 ? `CN=${cn}` : cn;
}

function sessionTags(certificate: CertificateParts): Record<string, string> {
  const tags = {
    ...nameTags('x509Subject', certificate.subject),
    ...nameTags('x509Issuer', certificate.issuer),
    ...alternativeNameTags(certificate),
  };
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => tagValue.test(value)));
}

/** Several values of one attribute are joined with `/` in certificate order. */
function nameTags(prefix: string, name: DerValue): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const { type, value } of readName(name)) {
    const key = `${prefix}/${type}`;
    tags[key] = tags[key] === undefined ? value : `${tags[key]}/${value}`;
  }
  return tags;
}

/** Only the first DNS name and the first URI count. */
function alternativeNameTags(certificate: CertificateParts): Record<string, string> {
  const extension = certificate.extensions.find(({ id }) => id === extensionIds.subjectAltName);
  if (extension === undefined) return {};
  const names = children(readDer(extension.value));
  const first = (tag: number) => names.find((name) => name.tag === tag)?.content.toString('latin1');
  const dns = first(0x82);
  const uri = first(0x86);
  return {
    ...(dns !== undefined && { 'x509SAN/DNS': dns }),
    ...(uri !== undefined && { 'x509SAN/URI': uri }),
  };
}
