/**
 * The text of a digest: one per check, however many hosts fail. Plain text that reads well in a mail client: lines of at
 * most 100 characters where hosts' own words allow it.
 */
import type { Failure, HostFacts, IssuancePolicy, Step } from './facts.ts';
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

const HOSTS_MAX = 50;
const STEP_TEXT: Readonly<Record<Step, string>> = {
  row: 'reading the row',
  contact: 'reaching the host',
  csr: 'generating the CSR on the host',
  issue: 'issuing the certificate',
  deploy: 'deploying the certificate on the host',
  reload: 'reloading the unit on the host',
};

/** Whether a failure is worth a mail now: news, or once more when less than `mustSurvive` of life is left. */
export function needsNotice(
  { failure, certificate }: HostFacts,
  now: number,
  policy: IssuancePolicy,
): boolean {
  if (failure === undefined) return false;
  const urgentFrom = (certificate?.notAfter ?? Infinity) - policy.mustSurviveSeconds;
  // A host that is switched off now and then is no news while its certificate has plenty of life.
  if (failure.reason === FAILURE.agentOffline && now < urgentFrom && certificate !== undefined) return false;
  if (failure.notifiedAt === undefined) return true;
  return now >= urgentFrom && failure.notifiedAt < urgentFrom;
}

/** `remarks`: sentences about the fleet as a whole, shown first. */
export function digest(
  hosts: readonly FailingHost[],
  remarks: readonly string[],
  policy: IssuancePolicy,
  now: number,
): Notice {
  const [first] = hosts;
  const who = hosts.length === 1 && first !== undefined ? first.hostId : `${String(hosts.length)} hosts`;
  const urgent = hosts.filter((host) => isUrgent(host, policy, now)).length;
  const shown = hosts.slice(0, HOSTS_MAX).map((host) => paragraph(host, policy, now));
  const rest =
    hosts.length > HOSTS_MAX
      ? [`... and ${String(hosts.length - HOSTS_MAX)} more; the table certificates has them all.`]
      : [];
  return {
    subject:
      hosts.length === 0
        ? 'certvend: the fleet needs attention'
        : `certvend: ${who} cannot get a certificate${urgent > 0 ? ` (${String(urgent)} urgent)` : ''}`,
    body: [
      ...remarks,
      ...shown,
      ...rest,
      'certvend goes on trying by itself. All other hosts are unaffected.',
    ].join('\n\n'),
  };
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
