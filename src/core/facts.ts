/**
 * The facts the domain decides on: what a row of the inventory says, what the administrator asks for, and the policy of
 * the stack. Times are whole seconds since the epoch (UTC) unless a name says otherwise. Nothing here is a status word:
 * those are derived in status.ts.
 */

export type KeyAlgorithm = 'RSA_2048' | 'RSA_4096' | 'EC_prime256v1' | 'EC_secp384r1';
export const KEY_ALGORITHMS: readonly KeyAlgorithm[] = [
  'RSA_2048',
  'RSA_4096',
  'EC_prime256v1',
  'EC_secp384r1',
];

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

/** What a certificate of this host must say. A change here asks for a new certificate. */
export interface CertificateRequest {
  /** Common name; always the host id. */
  readonly commonName: string;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly issuer: string;
}

/** Where and how the files stand on the host. A change here only redeploys the same certificate. */
export interface Deployment {
  readonly certPath: string;
  readonly keyPath: string;
  readonly csrPath: string;
  readonly caCertPath: string;
  readonly signingHelperPath: string;
  readonly owner: string;
  readonly group: string;
  readonly keyMode: '0400' | '0440';
  readonly reloadUnit: string;
  readonly awsConfigFile: string;
  readonly awsProfile: string;
  readonly validation: Validation;
  readonly withProxy: boolean;
  readonly endpoint: string;
}

export interface IssuedCertificateFacts {
  readonly arn: string;
  /** Hexadecimal, upper case, even number of digits; accepted as is by RevokeCertificate. */
  readonly serial: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  readonly publicKeyHash: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The certificate that the host is known to use. */
export interface CurrentCertificate extends IssuedCertificateFacts {
  readonly requestHash: string;
  readonly deploymentHash: string;
  readonly deployedAt: number;
  readonly revokedAt?: number;
}

/**
 * Where an attempt stands. The stage is written before its act: `csr` before the first command, `issuing` before
 * IssueCertificate, `deploying` before the second command. What really happened is asked from the service that did it.
 */
export type Stage = 'csr' | 'issuing' | 'deploying';

/** What was asked of the CA, stored before asking: the CA can neither list certificates nor remember a token for long. */
export interface Intent {
  readonly publicKeyHash: string;
  readonly token: string;
  readonly askedAt: number;
}

export interface Attempt {
  /** A ULID: a later attempt sorts after an earlier one, which is what the host compares. */
  readonly id: string;
  readonly stage: Stage;
  readonly startedAt: number;
  /** When the stage was entered, or the attempt last resumed; commands older than this belong to an earlier try. */
  readonly stageSince: number;
  /** When the tick takes it for lost. Undefined: parked after a failed deployment, to be resumed after the back-off. */
  readonly deadline?: number;
  readonly requestHash: string;
  readonly deploymentHash: string;
  /** How often this attempt was resumed. */
  readonly resumes: number;
  readonly intent?: Intent;
  /** What is to be deployed; known once the stage is `deploying`. */
  readonly issued?: IssuedCertificateFacts;
}

/** The step of the life of a certificate at which something failed. */
export type Step = 'row' | 'contact' | 'csr' | 'issue' | 'deploy' | 'reload';

export interface Failure {
  readonly step: Step;
  /** A constant of reasons.ts or of the host scripts. */
  readonly reason: string;
  readonly message: string;
  readonly at: number;
  /** First failure in a row without a success in between. */
  readonly since: number;
  readonly count: number;
  readonly retryAt: number;
  /** What the administrator's part of the row was; a change clears the back-off. */
  readonly rowHash: string;
  readonly notifiedAt?: number;
}

/** A failure that is over, and that the administrators were told of: they are told this too. */
export interface Recovery {
  readonly reason: string;
  /** When the failure began. */
  readonly since: number;
  readonly at: number;
}

/** Everything known about one host. */
export interface HostFacts {
  readonly hostId: string;
  readonly disabled: boolean;
  /** Whether the row has a non-empty `expiry`; the administrator removes it to ask for a new certificate. */
  readonly expiryPresent: boolean;
  /** Why the administrator's part of the row cannot be used; empty when it can. */
  readonly problems: readonly string[];
  readonly request: CertificateRequest;
  readonly deployment: Deployment;
  readonly certificate?: CurrentCertificate;
  readonly attempt?: Attempt;
  readonly failure?: Failure;
  readonly recovery?: Recovery;
  /** Issuances started on one UTC day. */
  readonly issuances?: { readonly day: string; readonly count: number };
  readonly nextCheckAt?: number;
  readonly revision?: string;
}

/** A change of the facts; `null` removes, absent leaves alone. */
export interface FactsChange {
  /** A newly deployed certificate; `expiry` and `serial` of the row follow it. */
  readonly certificate?: CurrentCertificate;
  /** The current certificate was revoked; leaves `expiry` alone. */
  readonly revokedAt?: number;
  readonly attempt?: Attempt | null;
  readonly failure?: Failure | null;
  readonly recovery?: Recovery | null;
  readonly issuances?: { readonly day: string; readonly count: number };
  readonly nextCheckAt?: number | null;
}

/** The facts after a change; pure, so that status words can be derived before the write. */
export function applyChange(facts: HostFacts, change: FactsChange): HostFacts {
  const { attempt, failure, recovery, nextCheckAt, certificate, ...rest } = facts;
  const revoked =
    certificate === undefined || change.revokedAt === undefined
      ? certificate
      : { ...certificate, revokedAt: change.revokedAt };
  return {
    ...rest,
    ...keep('certificate', revoked, undefined),
    ...keep('attempt', change.attempt, attempt),
    ...keep('failure', change.failure, failure),
    ...keep('recovery', change.recovery, recovery),
    ...keep('nextCheckAt', change.nextCheckAt, nextCheckAt),
    ...(change.certificate === undefined ? {} : { certificate: change.certificate, expiryPresent: true }),
    ...(change.issuances === undefined ? {} : { issuances: change.issuances }),
  };
}

function keep<K extends string, V>(
  name: K,
  changed: V | null | undefined,
  before: V | undefined,
): Partial<Record<K, V>> {
  const value = changed === undefined ? before : changed;
  // The computed key widens the literal type; it is the one key given.
  return value === undefined || value === null ? {} : ({ [name]: value } as Record<K, V>);
}
