/**
 * Why a decision was taken or a step failed. The constants stand in rows, logs, notices and the runbook; a person can
 * look each of them up. Reasons of the host scripts (HelperMissing, …) are documented beside the scripts.
 */

/** Reasons of decisions. */
export const REASON = {
  /** The row cannot be used as it is written. */
  invalidRow: 'InvalidRow',
  /** The administrator set `disabled`. */
  disabled: 'Disabled',
  /** The current certificate is on the CRL; removing `expiry` asks for a new one. */
  revoked: 'Revoked',
  /** An attempt is under way and has time left. */
  attemptRunning: 'AttemptRunning',
  /** An attempt has not ended in time; its truth is looked up again. */
  attemptOverdue: 'AttemptOverdue',
  /** A failure is waited out. */
  backingOff: 'BackingOff',
  /** A certificate was issued and is still to be deployed. */
  deploymentPending: 'DeploymentPending',
  /** The host has no certificate of ours, or the administrator removed `expiry`. */
  noCertificate: 'NoCertificate',
  expired: 'Expired',
  /** Less than 1/20 of the life remains. */
  emergency: 'Emergency',
  /** Names, key algorithm or issuer differ from the current certificate. */
  requestChanged: 'RequestChanged',
  /** Only paths, owner, mode or reload unit differ. */
  deploymentChanged: 'DeploymentChanged',
  renewalDue: 'RenewalDue',
  valid: 'Valid',
  /** The host has had its issuances for this UTC day. */
  hostDailyLimit: 'HostDailyLimit',
  /** The fleet has had its issuances for this UTC day. */
  fleetDailyLimit: 'FleetDailyLimit',
} as const;
export type Reason = (typeof REASON)[keyof typeof REASON];

/** Reasons of failures that the control plane finds itself. */
export const FAILURE = {
  hostUnknown: 'HostUnknown',
  agentOffline: 'AgentOffline',
  commandFailed: 'CommandFailed',
  commandTimedOut: 'CommandTimedOut',
  outputUnreadable: 'OutputUnreadable',
  csrRejected: 'CsrRejected',
  requestRefused: 'RequestRefused',
  issuanceFailed: 'IssuanceFailed',
  certificateMismatch: 'CertificateMismatch',
  certificateRevoked: 'CertificateRevoked',
  attemptExhausted: 'AttemptExhausted',
  /** Two keys in one attempt: two machines answer under one id. */
  hostCloned: 'HostCloned',
  reloadFailed: 'ReloadFailed',
} as const;

/** Failures of a deployment after which the same certificate can never be deployed: it is orphaned, a new one issued. */
export const CERTIFICATE_IS_LOST: readonly string[] = [
  'KeyMissing',
  'KeyMismatch',
  'AttemptSuperseded',
  'AttemptReused',
  'SubjectMismatch',
  'CertificateExpired',
  FAILURE.certificateMismatch,
  FAILURE.certificateRevoked,
  FAILURE.hostCloned,
];

/** Failures after which a certificate that was asked for, but not seen yet, is still worth waiting for. */
export const CERTIFICATE_MAY_COME: readonly string[] = [
  REASON.invalidRow,
  FAILURE.agentOffline,
  FAILURE.hostUnknown,
  FAILURE.attemptExhausted,
];

/** The machine that answers has no key, or another one, than the machine that made the request a minute before. */
export const KEY_IS_ELSEWHERE: readonly string[] = ['KeyMissing', 'KeyMismatch', FAILURE.hostCloned];

/** What an administrator can do about a reason; shown in notices. */
export function adviceFor(reason: string): string {
  return ADVICE[reason] ?? 'read the message; it says what was found and what is allowed';
}

const ADVICE: Readonly<Record<string, string>> = {
  [REASON.invalidRow]: 'correct the row; it is checked again as soon as it changes',
  [REASON.hostDailyLimit]: 'find out what asks for so many certificates (maxIssuancesPerHostPerDay)',
  [REASON.fleetDailyLimit]: 'find out what asks for so many certificates (maxIssuancesPerFleetPerDay)',
  [FAILURE.hostUnknown]: 'register the host with a hybrid activation, or delete its row',
  [FAILURE.agentOffline]: 'start the SSM agent on the host and check its way to the ssm endpoints',
  [FAILURE.commandTimedOut]: 'see whether the host is overloaded or was restarted',
  [FAILURE.csrRejected]:
    'somebody or something changed the request on the host; look at it before anything else',
  [FAILURE.requestRefused]: 'look at the state of the certificate authority',
  [FAILURE.certificateMismatch]:
    'the authority issued something else than was asked; look at it before anything else',
  [FAILURE.hostCloned]:
    'find the copy of this machine that runs under the same node id, and register it as a node of its own',
  [FAILURE.reloadFailed]: 'look at the unit on the host; the new certificate is in place already',
  HelperMissing: 'install aws_signing_helper in the directory of the setting AWSSigningHelperPath',
  HelperNotExecutable: 'make aws_signing_helper executable (chmod 0755)',
  HelperDirectoryUnsafe:
    'make the directory of aws_signing_helper and its parents root-owned and not writable by others',
  DirectoryUnsafe: 'use directories that only root can write, such as /etc/certvend',
  ClockWrong: 'set the clock of the host (chrony, ntpd)',
  SessionRefused: 'compare trust anchor, profile and role with the message; the old certificate stays in use',
};
