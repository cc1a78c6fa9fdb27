/**
 * An issuance event whose certificate the ledger does not know: either the answer of the CA was lost before it was
 * recorded, or somebody else issued it. The name in the certificate only tells in which row to look for the intent; the
 * public key, stored before the CA was asked, decides.
 */
import { HOST_ID } from '../core/host-request.ts';
import type { LedgerEntry } from '../ports/ledger.ts';
import type { AttemptRun } from './attempt-work.ts';

/** The new ledger entry, or undefined for a foreign certificate, which is counted and left alone. */
export async function adopt(
  certificateArn: string,
  { ports, now }: AttemptRun,
): Promise<LedgerEntry | undefined> {
  const fetched = await ports.authority.get(certificateArn);
  if (fetched.state !== 'issued') return undefined;
  const certificate = ports.codec.certificate(fetched.certificate);
  const hostId = certificate.subject.find(({ type }) => type === 'CN')?.value ?? '';
  const facts = HOST_ID.test(hostId) ? await ports.inventory.get(hostId) : undefined;
  const attempt = facts?.attempt;
  if (facts === undefined || attempt?.intent?.publicKeyHash !== certificate.publicKeyHash) {
    ports.telemetry.count('ForeignIssuances');
    ports.telemetry.warn('a certificate was issued that certvend did not ask for', { certificateArn });
    return undefined;
  }
  const { serial, publicKeyHash, notAfter } = certificate;
  const { requestHash } = attempt;
  const common = {
    certificateArn,
    hostId,
    attempt: attempt.id,
    serial,
    publicKeyHash,
    notAfter,
    requestHash,
  };
  const entry: LedgerEntry = {
    ...common,
    issuedAt: attempt.intent.askedAt,
    outcome: 'issued',
    outcomeAt: now,
  };
  await ports.ledger.record(entry);
  ports.telemetry.count('AdoptedIssuances');
  return entry;
}
