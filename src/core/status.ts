/** Status words for people who open the table: derived from the facts at each write, never read back. */
import type { HostFacts } from './facts.ts';

export interface Status {
  readonly status:
    'Ready' | 'Issuing' | 'Failing' | 'Revoked' | 'Disabled' | 'Invalid' | 'Expired' | 'Pending';
  readonly reason: string;
  readonly message: string;
}

/** The one word that matters most first: an expired certificate outranks a running attempt. */
export function statusOf(facts: HostFacts, now: number): Status {
  const { attempt, certificate, failure } = facts;
  if (facts.problems.length > 0)
    return { status: 'Invalid', reason: 'InvalidRow', message: facts.problems.join('; ') };
  if (facts.disabled) return { status: 'Disabled', reason: 'Disabled', message: '' };
  if (certificate?.revokedAt !== undefined && facts.expiryPresent) {
    return { status: 'Revoked', reason: 'Revoked', message: 'remove expiry to issue a new certificate' };
  }
  if (certificate !== undefined && certificate.notAfter <= now) {
    return { status: 'Expired', reason: failure?.reason ?? 'Expired', message: failure?.message ?? '' };
  }
  if (attempt?.deadline !== undefined)
    return { status: 'Issuing', reason: attempt.stage, message: failure?.message ?? '' };
  if (failure !== undefined) return { status: 'Failing', reason: failure.reason, message: failure.message };
  if (certificate === undefined) return { status: 'Pending', reason: 'NoCertificate', message: '' };
  return { status: 'Ready', reason: 'Valid', message: '' };
}
