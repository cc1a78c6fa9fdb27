/**
 * When does a host get a certificate? An ordered list of checks over the facts; the first that answers wins, so the list
 * is the specification. Pure: the same facts, time and policy give the same answer.
 */
import type { HostFacts, IssuancePolicy } from './facts.ts';
import { administratorHash, deploymentHash, requestHash } from './hashes.ts';
import { REASON } from './reasons.ts';
import type { Reason } from './reasons.ts';
import { emergencyTime, renewalTime } from './renewal-window.ts';
import { isoTime, nextUtcDay, spanText, utcDay } from './time.ts';

export type Action = 'wait' | 'issue' | 'resume' | 'redeploy' | 'backOff' | 'hold';

export interface Decision {
  readonly action: Action;
  readonly reason: Reason;
  /** One sentence for a person. */
  readonly message: string;
  /** When to look again; undefined: only after the administrator has changed the row. */
  readonly nextCheckAt?: number;
}

type Check = (facts: HostFacts, now: number, policy: IssuancePolicy) => Decision | undefined;

const CHECKS: readonly Check[] = [
  rowInvalid,
  hostDisabled,
  certificateRevoked,
  attemptRunning,
  attemptOverdue,
  backingOff,
  deploymentPending,
  noCertificate,
  expiredOrEmergency,
  requestChanged,
  deploymentChanged,
  renewalDue,
];

export function decide(facts: HostFacts, now: number, policy: IssuancePolicy): Decision {
  for (const check of CHECKS) {
    const decision = check(facts, now, policy);
    if (decision !== undefined) return withinDailyLimit(decision, facts, now, policy);
  }
  return valid(facts, now, policy);
}

function rowInvalid({ problems }: HostFacts): Decision | undefined {
  if (problems.length === 0) return undefined;
  return { action: 'hold', reason: REASON.invalidRow, message: problems.join('; ') };
}

function hostDisabled({ disabled }: HostFacts): Decision | undefined {
  if (!disabled) return undefined;
  return {
    action: 'hold',
    reason: REASON.disabled,
    message: 'the row says disabled; remove that attribute to go on',
  };
}

/** A revoked host is held, even at renewal time, until the administrator removes `expiry`. */
function certificateRevoked({ certificate, expiryPresent }: HostFacts): Decision | undefined {
  if (certificate?.revokedAt === undefined || !expiryPresent) return undefined;
  const message = `certificate ${certificate.serial} was revoked at ${isoTime(certificate.revokedAt)}; remove expiry from the row to issue a new one`;
  return { action: 'hold', reason: REASON.revoked, message };
}

function attemptRunning(facts: HostFacts, now: number): Decision | undefined {
  const { attempt } = facts;
  if (attempt?.deadline === undefined || now >= attempt.deadline || isOutdated(facts)) return undefined;
  const message = `attempt ${attempt.id} is at stage ${attempt.stage} and has ${spanText(attempt.deadline - now)} left`;
  return { action: 'wait', reason: REASON.attemptRunning, message, nextCheckAt: attempt.deadline };
}

function attemptOverdue(facts: HostFacts, now: number): Decision | undefined {
  const { attempt } = facts;
  if (attempt?.deadline === undefined || isOutdated(facts)) return undefined;
  const message = `attempt ${attempt.id} at stage ${attempt.stage} was due ${spanText(now - attempt.deadline)} ago`;
  return { action: 'resume', reason: REASON.attemptOverdue, message, nextCheckAt: now };
}

/** An attempt that asks for another certificate than the row does by now goes no further, unless it is on the host already. */
function isOutdated({ attempt, request }: HostFacts): boolean {
  return (
    attempt !== undefined && attempt.stage !== 'deploying' && attempt.requestHash !== requestHash(request)
  );
}

/** Over at once when the administrator changed the row, and never longer than one tick in the emergency window. */
function backingOff(facts: HostFacts, now: number, policy: IssuancePolicy): Decision | undefined {
  const { failure, certificate } = facts;
  if (failure === undefined || failure.rowHash !== administratorHash(facts)) return undefined;
  const emergency =
    certificate !== undefined && now >= emergencyTime(certificate) && now < certificate.notAfter;
  const until = emergency
    ? Math.min(failure.retryAt, failure.at + policy.checkIntervalSeconds)
    : failure.retryAt;
  if (now >= until) return undefined;
  const message = `${failure.message} (failure ${String(failure.count)} in a row; next try at ${isoTime(until)})`;
  return { action: 'backOff', reason: REASON.backingOff, message, nextCheckAt: until };
}

/** A parked attempt goes on with the certificate it has or asked for, while that lives and says what is asked for. */
function deploymentPending(facts: HostFacts, now: number, policy: IssuancePolicy): Decision | undefined {
  const { attempt, certificate, expiryPresent } = facts;
  if (attempt === undefined || attempt.requestHash !== requestHash(facts.request)) return undefined;
  // What is in use already is no answer to somebody who asks for a new one.
  if (!expiryPresent && attempt.issued !== undefined && attempt.issued.arn === certificate?.arn)
    return undefined;
  const asked = attempt.intent === undefined ? now : attempt.intent.askedAt + policy.validitySeconds;
  if ((attempt.issued?.notAfter ?? asked) <= now) return undefined;
  const state = attempt.issued === undefined ? 'asked for' : 'issued';
  const message = `the certificate of attempt ${attempt.id} is ${state} and not deployed yet`;
  return { action: 'resume', reason: REASON.deploymentPending, message, nextCheckAt: now };
}

function noCertificate({ certificate, expiryPresent }: HostFacts, now: number): Decision | undefined {
  if (certificate !== undefined && expiryPresent) return undefined;
  const message =
    certificate === undefined ? 'the host has no certificate' : 'expiry was removed from the row';
  return { action: 'issue', reason: REASON.noCertificate, message, nextCheckAt: now };
}

function expiredOrEmergency({ certificate }: HostFacts, now: number): Decision | undefined {
  if (certificate === undefined || now < emergencyTime(certificate)) return undefined;
  const expired = now >= certificate.notAfter;
  const message = `the certificate ${expired ? 'expired' : 'expires'} at ${isoTime(certificate.notAfter)}`;
  return { action: 'issue', reason: expired ? REASON.expired : REASON.emergency, message, nextCheckAt: now };
}

function requestChanged({ certificate, request }: HostFacts, now: number): Decision | undefined {
  if (certificate === undefined || certificate.requestHash === requestHash(request)) return undefined;
  const message =
    'common name, key algorithm or certificate authority changed since the certificate was issued';
  return { action: 'issue', reason: REASON.requestChanged, message, nextCheckAt: now };
}

function deploymentChanged({ certificate, deployment }: HostFacts, now: number): Decision | undefined {
  if (certificate === undefined || certificate.deploymentHash === deploymentHash(deployment))
    return undefined;
  const message = 'paths, owner, mode or reload unit changed since the certificate was deployed';
  return { action: 'redeploy', reason: REASON.deploymentChanged, message, nextCheckAt: now };
}

function renewalDue(
  { hostId, certificate }: HostFacts,
  now: number,
  policy: IssuancePolicy,
): Decision | undefined {
  if (certificate === undefined) return undefined;
  const due = renewalTime(hostId, certificate.serial, certificate, policy);
  if (now < due) return undefined;
  return {
    action: 'issue',
    reason: REASON.renewalDue,
    message: `renewal was due at ${isoTime(due)}`,
    nextCheckAt: now,
  };
}

function valid({ hostId, certificate }: HostFacts, now: number, policy: IssuancePolicy): Decision {
  // noCertificate has answered for every host without one.
  if (certificate === undefined)
    return { action: 'wait', reason: REASON.valid, message: '', nextCheckAt: now };
  const due = renewalTime(hostId, certificate.serial, certificate, policy);
  const message = `the certificate is valid until ${isoTime(certificate.notAfter)} and is renewed at ${isoTime(due)}`;
  return { action: 'wait', reason: REASON.valid, message, nextCheckAt: due };
}

/** The breaker against loops: nothing is issued beyond the daily limit of the host, whatever asks for it. */
function withinDailyLimit(
  decision: Decision,
  facts: HostFacts,
  now: number,
  policy: IssuancePolicy,
): Decision {
  if (decision.action !== 'issue' || facts.issuances?.day !== utcDay(now)) return decision;
  if (facts.issuances.count < policy.maxIssuancesPerHostPerDay) return decision;
  const message = `${String(facts.issuances.count)} certificates were asked for this host today, the limit is ${String(policy.maxIssuancesPerHostPerDay)}`;
  return { action: 'backOff', reason: REASON.hostDailyLimit, message, nextCheckAt: nextUtcDay(now) };
}
