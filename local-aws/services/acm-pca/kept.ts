/** A certificate authority that outlives the run: the same key, the same ARN, the same certificates. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Json, Platform } from '../../platform.ts';
import { revocationReasons } from '../../x509/crl.ts';
import type { RevocationReason } from '../../x509/crl.ts';
import { writeName } from '../../x509/name.ts';
import { authorityArn } from './authority.ts';
import type { Authority, AuthoritySettings, IssuedCertificate } from './authority.ts';

const reason = z.custom<RevocationReason>(
  (value) => typeof value === 'string' && Object.hasOwn(revocationReasons, value),
);
const issuedShape = z.strictObject({
  arn: z.string(),
  serial: z.string(),
  notAfter: z.number(),
  state: z.enum(['pending', 'issued', 'failed']),
  pem: z.string(),
  revoked: z.strictObject({ at: z.number(), reason }).optional(),
});
const authorityShape = z.strictObject({
  id: z.string(),
  identity: z.json(),
  createdAt: z.number(),
  privateKey: z.string(),
  csr: z.string(),
  status: z.enum(['PENDING_CERTIFICATE', 'ACTIVE', 'DISABLED']),
  certificate: z.strictObject({ pem: z.string(), notBefore: z.number(), notAfter: z.number() }).optional(),
  crlNumber: z.number(),
  issued: z.array(issuedShape),
});

/** The authority that the run before left under this name. Throws one sentence when it was made differently. */
export function reviveAuthority(
  platform: Platform,
  name: string,
  settings: AuthoritySettings,
): Authority | undefined {
  const kept = platform.kept?.take(`acm-pca/${name}`, authorityShape);
  if (kept === undefined) return undefined;
  if (!isDeepStrictEqual(kept.identity, identityOf(settings))) {
    throw new Error('the state belongs to a CA with another subject, key or mode: choose another directory');
  }
  const { id, createdAt, csr, status, certificate, crlNumber } = kept;
  const privateKey = createPrivateKey(kept.privateKey);
  return {
    ...{ id, createdAt, csr, status, crlNumber, settings, privateKey },
    arn: authorityArn(platform, id),
    subject: writeName(settings.subject),
    publicKeyInfo: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    issued: new Map(kept.issued.map((entry) => [entry.serial, revived(entry)])),
    tokens: new Map(),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

/** What never changes about a CA; its bucket is a new one in every run. */
function identityOf({ description }: AuthoritySettings): Json {
  const { CertificateAuthorityConfiguration: configuration = null, UsageMode: mode = null } = description;
  return [configuration, mode];
}

/** Whoever was to sign it is gone. */
function revived({ revoked, ...entry }: z.infer<typeof issuedShape>): IssuedCertificate {
  const state = entry.state === 'pending' ? 'failed' : entry.state;
  return { ...entry, state, ...(revoked === undefined ? {} : { revoked }) };
}

export function keepAuthority(platform: Platform, name: string, authority: Authority): void {
  const { id, createdAt, csr, settings, privateKey } = authority;
  platform.kept?.keep(`acm-pca/${name}`, (): Json => {
    const { status, certificate, crlNumber } = authority;
    const content: unknown = {
      ...{ id, createdAt, csr, status, certificate, crlNumber },
      identity: identityOf(settings),
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      issued: [...authority.issued.values()],
    };
    // A copy through JSON drops members that are undefined.
    return JSON.parse(JSON.stringify(content)) as Json;
  });
}
