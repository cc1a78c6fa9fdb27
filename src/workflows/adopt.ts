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
  const asked = HOST_ID.test(hostId) ? await whoAsked(hostId, certificate.publicKeyHash, ports) : undefined;
  if (asked === undefined) {
    ports.telemetry.count('ForeignIssuances');
    ports.telemetry.warn('a certificate was issued that certvend did not ask for', { certificateArn });
    return undefined;
  }
  const { serial, publicKeyHash, notAfter } = certificate;
  const common = { certificateArn, hostId, serial, publicKeyHash, notAfter };
  const entry: LedgerEntry = { ...common, ...asked, outcome: 'issued', outcomeAt: now };
  await ports.ledger.record(entry);
  ports.telemetry.count('AdoptedIssuances');
  return entry;
}

/** The attempt with this key: the one in the row, or one of before that asked twice because the first answer was lost. */
async function whoAsked(
  hostId: string,
  publicKeyHash: string,
  { inventory, ledger }: AttemptRun['ports'],
): Promise<Pick<LedgerEntry, 'attempt' | 'requestHash' | 'issuedAt'> | undefined> {
  const attempt = (await inventory.get(hostId))?.attempt;
  if (attempt?.intent?.publicKeyHash === publicKeyHash) {
    const { id, requestHash, intent } = attempt;
    return { attempt: id, requestHash, issuedAt: intent.askedAt };
  }
  const twin = (await ledger.ofHost(hostId)).find((entry) => entry.publicKeyHash === publicKeyHash);
  if (twin === undefined) return undefined;
  return { attempt: twin.attempt, requestHash: twin.requestHash, issuedAt: twin.issuedAt };
}
