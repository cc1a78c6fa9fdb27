/**
 * When a certificate is renewed: two thirds of its life by default, spread over the fleet by a hash, never by chance, so
 * that the answer is the same on every call. Stricter nets lie above it (decide.ts).
 */
import { createHash } from 'node:crypto';
import type { IssuancePolicy } from './facts.ts';

/** The last part of a life in which renewal ignores spreading and long back-offs; the figure is certmagic's. */
const EMERGENCY_FRACTION = 1 / 20;
/** Renewals of a fleet enrolled at one moment are drawn apart over this part of a life, towards earlier. */
const SPREAD_FRACTION = 1 / 20;

export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Seconds since the epoch, whole. Never later than the policy's renewal time, at most 1/20 of a life earlier. */
export function renewalTime(
  hostId: string,
  serial: string,
  validity: Validity,
  policy: IssuancePolicy,
): number {
  const life = validity.notAfter - validity.notBefore;
  const wished =
    policy.minRemainingSeconds === undefined
      ? validity.notBefore + life * policy.renewAtFraction
      : validity.notAfter - policy.minRemainingSeconds;
  const latest = Math.max(validity.notBefore, wished);
  return Math.floor(latest - hashFraction(hostId, serial) * life * SPREAD_FRACTION);
}

/** From here on nothing else counts: renew now, at every tick. */
export function emergencyTime(validity: Validity): number {
  return Math.floor(validity.notAfter - (validity.notAfter - validity.notBefore) * EMERGENCY_FRACTION);
}

/** 0 ≤ x < 1, the same for the same parts. */
export function hashFraction(...parts: readonly string[]): number {
  return createHash('sha256').update(parts.join('\n')).digest().readUInt32BE(0) / 2 ** 32;
}
