/**
 * The text of a digest: one per check, however many hosts fail. Plain text that reads well in a mail client: lines of at
 * most 100 characters where hosts' own words allow it.
 */
import type { Failure, HostFacts, IssuancePolicy, Recovery, Step } from './facts.ts';
import { adviceFor, FAILURE } from './reasons.ts';
import { isoTime, spanText } from './time.ts';

/** SNS takes 100 characters of ASCII as a subject. */
export interface Notice {
  readonly subject: string;
  readonly body: string;
}

export interface FailingHost {
  readonly hostId: string;
  readonly failure: Failure;
  /** End of the life of the certificate in use; undefined: it has none. */
  readonly notAfter?: number;
}

export interface RecoveredHost {
  readonly hostId: string;
  readonly recovery: Recovery;
}

const HOSTS_MAX = 50;
const STEP_TEXT: Readonly<Record<Step, string>> = {
  row: 'reading the row',
  contact: 'reaching the host',
  csr: 'generating the CSR on the host',
  issue: 'issuing the certificate',
  deploy: 'deploying the certificate on the host',
  reload: 'reloading the unit on the host',
};

/** Whether there is something to tell: a new failure, one that has become urgent, or that one told of is over. */
export function needsNotice(
  { failure, recovery, certificate }: HostFacts,
  now: number,
  policy: IssuancePolicy,
): boolean {
  if (failure === undefined) return recovery !== undefined;
  const urgentFrom = (certificate?.notAfter ?? Infinity) - policy.mustSurviveSeconds;
  // A host that is switched off now and then is no news while its certificate has plenty of life.
  if (failure.reason === FAILURE.agentOffline && now < urgentFrom && certificate !== undefined) return false;
  if (failure.notifiedAt === undefined) return true;
  return now >= urgentFrom && failure.notifiedAt < urgentFrom;
}

export interface News {
  readonly failing: readonly FailingHost[];
  readonly recovered: readonly RecoveredHost[];
  /** Sentences about the fleet as a whole, shown first. */
  readonly remarks: readonly string[];
}

export function digest({ failing, recovered, remarks }: News, policy: IssuancePolicy, now: number): Notice {
  const urgent = failing.filter((host) => isUrgent(host, policy, now)).length;
  const failures = failing.slice(0, HOSTS_MAX).map((host) => paragraph(host, policy, now));
  const over = recovered.slice(0, HOSTS_MAX).map(overLine);
  return {
    subject: subjectOf(failing, recovered, urgent),
    body: [
      ...remarks,
      ...failures,
      ...notShown(failing.length),
      ...(over.length === 0 ? [] : [['Over:', ...over].join('\n'), ...notShown(recovered.length)]),
      ...(failing.length === 0 ? [] : ['certvend goes on trying by itself. All other hosts are unaffected.']),
    ].join('\n\n'),
  };
}

function subjectOf(
  failing: readonly FailingHost[],
  recovered: readonly RecoveredHost[],
  urgent: number,
): string {
  if (failing.length > 0) {
    return `certvend: ${namesOf(failing)} cannot get a certificate${urgent > 0 ? ` (${String(urgent)} urgent)` : ''}`;
  }
  return recovered.length > 0
    ? `certvend: over for ${namesOf(recovered)}`
    : 'certvend: the fleet needs attention';
}

function namesOf(hosts: readonly { readonly hostId: string }[]): string {
  const [first] = hosts;
  return hosts.length === 1 && first !== undefined ? first.hostId : `${String(hosts.length)} hosts`;
}

function notShown(count: number): string[] {
  return count > HOSTS_MAX
    ? [`... and ${String(count - HOSTS_MAX)} more; the table certificates has them all.`]
    : [];
}

function overLine({ hostId, recovery }: RecoveredHost): string {
  return `  ${hostId}  ${recovery.reason} since ${isoTime(recovery.since)}, over at ${isoTime(recovery.at)}`;
}

function paragraph(host: FailingHost, policy: IssuancePolicy, now: number): string {
  const { hostId, failure } = host;
  const tries =
    failure.count === 1
      ? 'first failure'
      : `${String(failure.count)} failures in a row since ${isoTime(failure.since)}`;
  return [
    `${isUrgent(host, policy, now) ? 'URGENT ' : ''}${hostId}`,
    `  failed at:  ${STEP_TEXT[failure.step]}, ${isoTime(failure.at)} (${tries})`,
    `  reason:     ${failure.reason}: ${failure.message}`,
    `  to do:      ${adviceFor(failure.reason)}`,
    `  next try:   ${failure.step === 'row' ? 'when the row is corrected' : isoTime(failure.retryAt)}`,
    `  in use:     ${inUse(host, now)}`,
  ].join('\n');
}

function inUse({ notAfter }: FailingHost, now: number): string {
  if (notAfter === undefined) return 'no certificate yet';
  if (notAfter <= now) return `a certificate that expired at ${isoTime(notAfter)}`;
  return `a certificate valid until ${isoTime(notAfter)} (${spanText(notAfter - now)} left)`;
}

function isUrgent({ notAfter }: FailingHost, policy: IssuancePolicy, now: number): boolean {
  return notAfter !== undefined && notAfter - now < policy.mustSurviveSeconds;
}
