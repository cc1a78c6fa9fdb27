/** RevokeCertificate, and the revocation list that follows it into the bucket half an hour later. */
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { Platform } from '../../platform.ts';
import { writeCrl } from '../../x509/crl.ts';
import type { RevocationReason, RevokedEntry } from '../../x509/crl.ts';
import { authorityKeyIdentifier } from '../../x509/extensions.ts';
import { CRL_ACL, serviceCaller } from './authority.ts';
import type { Authority, CrlSettings } from './authority.ts';

const day = 86_400_000;
// Delays may be scaled down for people; a retry keeps its share of them.
const RETRY_SHARE = LIMITS.crlRetryDelay.value / LIMITS.crlDelay.value;

export function revoke(authority: Authority, serial: string, reason: RevocationReason, now: number): string {
  const entry = authority.issued.get(serial.replaceAll(':', '').toLowerCase());
  if (entry === undefined)
    throw new AwsError('ResourceNotFoundException', `Could not find a certificate with serial ${serial}`);
  if (entry.state === 'pending')
    throw new AwsError('RequestInProgressException', 'The certificate is still being issued');
  if (entry.state === 'failed')
    throw new AwsError('RequestFailedException', 'The certificate could not be issued');
  if (entry.revoked !== undefined) {
    throw new AwsError(
      'RequestAlreadyProcessedException',
      `The certificate ${entry.arn} was already revoked`,
    );
  }
  entry.revoked = { at: now, reason };
  return entry.arn;
}

export interface CrlPublisher {
  /** A list must be out within the usual delay. */
  soon(authority: Authority): void;
  close(): void;
}

/** Keeps one timer per CA: the next list is due after a revocation, or at the midpoint of the life of the last one. */
export function createCrlPublisher(platform: Platform): CrlPublisher {
  const { clock, delays } = platform;
  const due = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  let closed = false;

  function schedule(authority: Authority, at: number): void {
    const planned = due.get(authority.id);
    if (closed || (planned !== undefined && planned.at <= at)) return;
    planned?.cancel();
    due.set(authority.id, { at, cancel: clock.at(at, () => void publish(authority)) });
  }

  async function publish(authority: Authority): Promise<void> {
    const { crl } = authority.settings;
    due.delete(authority.id);
    if (crl === undefined || closed) return;
    const outcome = await writeToBucket(platform, authority, crl);
    platform.emit({
      source: 'aws.acm-pca',
      'detail-type': 'ACM Private CA CRL Generation',
      resources: [authority.arn],
      detail: outcome === undefined ? { result: 'success' } : { result: 'failure', reason: outcome },
    });
    schedule(
      authority,
      clock.now() + (outcome === undefined ? (crl.expirationInDays * day) / 2 : delays.crl * RETRY_SHARE),
    );
  }

  return {
    soon: (authority) => {
      if (authority.settings.crl !== undefined) schedule(authority, clock.now() + delays.crl);
    },
    close: () => {
      closed = true;
      for (const timer of due.values()) timer.cancel();
    },
  };
}

/** The reason of a failure, or undefined. */
async function writeToBucket(
  platform: Platform,
  authority: Authority,
  crl: CrlSettings,
): Promise<string | undefined> {
  const now = platform.clock.now();
  authority.crlNumber += 1;
  const list = writeCrl(
    {
      number: authority.crlNumber,
      thisUpdate: now,
      nextUpdate: now + crl.expirationInDays * day,
      entries: revokedEntries(authority, now - crl.expirationInDays * day),
      authorityKeyIdentifier: authorityKeyIdentifier(authority.publicKeyInfo),
    },
    {
      name: authority.subject,
      privateKey: authority.privateKey,
      signingAlgorithm: authority.settings.signingAlgorithm,
    },
  );
  const object = {
    Bucket: crl.bucket,
    Key: `${crl.prefix}${authority.id}.crl`,
    Body: list.toString('base64'),
    ACL: CRL_ACL,
  };
  try {
    await platform.call(serviceCaller(authority), 's3', 'PutObject', object);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'the bucket cannot be written';
  }
}

/** Entries stay until the certificate has expired, and one list longer. */
function revokedEntries(authority: Authority, expiredBefore: number): RevokedEntry[] {
  return [...authority.issued.values()].flatMap((entry) =>
    entry.revoked === undefined || entry.notAfter < expiredBefore
      ? []
      : [
          {
            serial: Buffer.from(entry.serial, 'hex'),
            revokedAt: entry.revoked.at,
            reason: entry.revoked.reason,
          },
        ],
  );
}
