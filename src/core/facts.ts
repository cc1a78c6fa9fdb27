/**
 * The facts the domain decides on: what a row of the inventory says, what the administrator asks for, and the policy of
 * the stack. Times are whole seconds since the epoch (UTC) unless a name says otherwise. Nothing here is a status word:
 * those are derived in status.ts.
 */

export type KeyAlgorithm = 'RSA_2048' | 'RSA_4096' | 'EC_prime256v1' | 'EC_secp384r1';
export const KEY_ALGORITHMS: readonly KeyAlgorithm[] = ['RSA_2048', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1'];

/** Whether the new pair must earn a session before it replaces the old one. */
export type Validation = 'required' | 'ifHelperPresent' | 'off';
export const VALIDATIONS: readonly Validation[] = ['required', 'ifHelperPresent', 'off'];

/** What holds for a host whose row does not say otherwise. Directories are absolute paths on the host. */
export interface HostDefaults {
  readonly certPath: string;
  readonly keyPath: string;
  readonly csrPath: string;
  readonly caCertPath: string;
  readonly signingHelperPath: string;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly validation: Validation;
  /** Whether the signing helper is told to use the proxy of its environment (`--with-proxy`). */
  readonly withProxy: boolean;
  /** Endpoint of Roles Anywhere for the hosts, e.g. of a VPC endpoint; empty for the public one. */
  readonly endpoint: string;
}

/** When certificates are issued, and how often at most. All spans in seconds. */
export interface IssuancePolicy {
  readonly validitySeconds: number;
  /** Renewal time as a fraction of life, 0 < f < 1. Ignored where `minRemainingSeconds` is set. */
  readonly renewAtFraction: number;
  /** Renew when this much life is left; undefined: use the fraction. */
  readonly minRemainingSeconds?: number;
  /** How long the CA or a host may be away without an expired certificate. */
  readonly mustSurviveSeconds: number;
  readonly checkIntervalSeconds: number;
  readonly startsPerSecond: number;
  readonly maxIssuancesPerHostPerDay: number;
  readonly maxIssuancesPerFleetPerDay: number;
}
