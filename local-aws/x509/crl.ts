/** Certificate revocation lists, version 2, complete and direct. */
import { algorithmIdentifier, signDer } from './algorithms.ts';
import { extensionIds, writeExtensions } from './certificate.ts';
import type { Extension, Issuer } from './certificate.ts';
import * as der from './der.ts';
import type { DerValue } from './der.ts';

/** RFC 5280 reason codes by their AWS names. */
export const revocationReasons = {
  UNSPECIFIED: 0,
  KEY_COMPROMISE: 1,
  CERTIFICATE_AUTHORITY_COMPROMISE: 2,
  AFFILIATION_CHANGED: 3,
  SUPERSEDED: 4,
  CESSATION_OF_OPERATION: 5,
  PRIVILEGE_WITHDRAWN: 9,
  A_A_COMPROMISE: 10,
} as const;
export type RevocationReason = keyof typeof revocationReasons;

export interface RevokedEntry {
  readonly serial: Buffer;
  readonly revokedAt: number;
  readonly reason: RevocationReason;
}

export interface CrlContent {
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: readonly RevokedEntry[];
  readonly authorityKeyIdentifier: Extension;
}

/** The signed list as DER. */
export function writeCrl(content: CrlContent, issuer: Issuer): Buffer {
  const algorithm = algorithmIdentifier(issuer.signingAlgorithm);
  const number: Extension = {
    id: extensionIds.crlNumber,
    critical: false,
    value: der.integer(content.number),
  };
  const entries = content.entries.map(writeEntry);
  const body = der.sequence(
    der.integer(1),
    algorithm,
    issuer.name,
    der.time(content.thisUpdate),
    der.time(content.nextUpdate),
    ...(entries.length > 0 ? [der.sequence(...entries)] : []),
    der.explicit(0, writeExtensions([content.authorityKeyIdentifier, number])),
  );
  return der.sequence(
    body,
    algorithm,
    der.bitString(signDer(body, issuer.signingAlgorithm, issuer.privateKey)),
  );
}

function writeEntry(entry: RevokedEntry): Buffer {
  const code = revocationReasons[entry.reason];
  // RFC 5280, 5.3.1: the reason code should be absent instead of unspecified.
  const reason: Extension = {
    id: extensionIds.reasonCode,
    critical: false,
    value: der.tlv(der.Tag.enumerated, Buffer.from([code])),
  };
  return der.sequence(
    der.integer(entry.serial),
    der.time(entry.revokedAt),
    ...(code === 0 ? [] : [writeExtensions([reason])]),
  );
}

export interface CrlParts {
  readonly issuer: DerValue;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  /** Serial numbers as lower-case hex of their DER content. */
  readonly serials: ReadonlySet<string>;
  readonly signed: DerValue;
}

export function readCrl(bytes: Buffer): CrlParts {
  const signed = der.readDer(bytes);
  const all = der.children(der.child(signed, 0));
  const fields = all[0]?.tag === der.Tag.integer ? all.slice(1) : all;
  const [, issuer, thisUpdate, ...rest] = fields;
  if (issuer === undefined || thisUpdate === undefined)
    throw new der.DerError('not a certificate revocation list');
  const next = rest.find((value) => value.tag === der.Tag.utcTime || value.tag === der.Tag.generalizedTime);
  const list = rest.find((value) => value.tag === der.Tag.sequence);
  const serials = (list === undefined ? [] : der.children(list)).map((entry) =>
    der.child(entry, 0).content.toString('hex'),
  );
  return {
    issuer,
    thisUpdate: der.readTime(thisUpdate),
    nextUpdate: next === undefined ? undefined : der.readTime(next),
    serials: new Set(serials),
    signed,
  };
}
