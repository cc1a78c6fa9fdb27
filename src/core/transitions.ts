/**
 * How the facts of a host change as an attempt goes on. Each function returns the change to write; the caller writes it
 * on the condition that the row is still at the revision it read.
 */
import { retryTime } from './back-off.ts';
import type {
  Attempt,
  Failure,
  FactsChange,
  HostFacts,
  Intent,
  IssuedCertificateFacts,
  IssuancePolicy,
  Step,
} from './facts.ts';
import { administratorHash, deploymentHash, requestHash } from './hashes.ts';
import { CERTIFICATE_IS_LOST, CERTIFICATE_MAY_COME, FAILURE } from './reasons.ts';
import { renewalTime } from './renewal-window.ts';
import { MINUTE, utcDay } from './time.ts';

/** How long an attempt may take, counted from the delivery of its first message, before the tick takes it for lost. */
export const ATTEMPT_SECONDS = 15 * MINUTE;
/** How often one attempt is resumed before it counts as a failure. */
const RESUMES_MAX = 3;

/** Claims a new attempt. `deliveryDelay`: seconds until its first message is delivered. */
export function claim(facts: HostFacts, id: string, deliveryDelay: number, now: number): FactsChange {
  const deadline = now + deliveryDelay + ATTEMPT_SECONDS;
  return {
    attempt: {
      id,
      stage: 'csr',
      startedAt: now,
      stageSince: now,
      deadline,
      requestHash: requestHash(facts.request),
      deploymentHash: deploymentHash(facts.deployment),
      resumes: 0,
    },
    nextCheckAt: deadline,
  };
}

/** Claims an attempt that deploys the current certificate again, to other places. */
export function claimRedeployment(
  facts: HostFacts,
  id: string,
  deliveryDelay: number,
  now: number,
): FactsChange {
  const { attempt, nextCheckAt } = claim(facts, id, deliveryDelay, now);
  if (attempt === undefined || attempt === null || facts.certificate === undefined) return {};
  const { arn, serial, publicKeyHash, notBefore, notAfter } = facts.certificate;
  const issued = { arn, serial, publicKeyHash, notBefore, notAfter };
  const redeployment: Attempt = { ...attempt, stage: 'deploying', issued };
  return { attempt: redeployment, ...(nextCheckAt === undefined ? {} : { nextCheckAt }) };
}

/** Gives an overdue or parked attempt another span, or undefined when it has had its resumes. */
export function resume(
  facts: HostFacts,
  attempt: Attempt,
  deliveryDelay: number,
  now: number,
): FactsChange | undefined {
  const parked = attempt.deadline === undefined;
  if (!parked && attempt.resumes >= RESUMES_MAX) return undefined;
  const deadline = now + deliveryDelay + ATTEMPT_SECONDS;
  const resumes = parked ? 0 : attempt.resumes + 1;
  // An overdue command may still end: only a parked attempt, whose command has failed, starts a new one.
  const fresh = parked ? { stageSince: now, deploymentHash: deploymentHash(facts.deployment) } : {};
  return { attempt: { ...attempt, ...fresh, deadline, resumes }, nextCheckAt: deadline };
}

/**
 * Before IssueCertificate. Counted here, not when the attempt is claimed: what fails before costs no certificate. Once for
 * an attempt: asking again because the answer was lost is no loop.
 */
export function intend(facts: HostFacts, attempt: Attempt, intent: Intent): FactsChange {
  const asked: FactsChange = {
    attempt: { ...attempt, stage: 'issuing', stageSince: intent.askedAt, intent },
  };
  if (attempt.intent !== undefined) return asked;
  const day = utcDay(intent.askedAt);
  const count = facts.issuances?.day === day ? facts.issuances.count + 1 : 1;
  return { ...asked, issuances: { day, count } };
}

/** Before the second command. */
export function beginDeployment(
  facts: HostFacts,
  attempt: Attempt,
  issued: IssuedCertificateFacts,
  now: number,
): FactsChange {
  return {
    attempt: {
      ...attempt,
      stage: 'deploying',
      stageSince: now,
      deploymentHash: deploymentHash(facts.deployment),
      issued,
    },
  };
}

/**
 * The host uses the certificate of the attempt: the attempt and its failures are forgotten. What the administrator changed
 * meanwhile is looked at by the next tick.
 */
export function complete(
  facts: HostFacts,
  attempt: Attempt,
  issued: IssuedCertificateFacts,
  policy: IssuancePolicy,
  now: number,
): FactsChange {
  const { requestHash: request, deploymentHash: deployment } = attempt;
  // `expiry` was removed while the certificate in use was only deployed again: it is still to be replaced.
  if (!facts.expiryPresent && facts.certificate?.arn === issued.arn)
    return { attempt: null, nextCheckAt: now, ...recover(facts, now) };
  const asAsked = request === requestHash(facts.request) && deployment === deploymentHash(facts.deployment);
  return {
    certificate: { ...issued, requestHash: request, deploymentHash: deployment, deployedAt: now },
    attempt: null,
    nextCheckAt: asAsked ? renewalTime(facts.hostId, issued.serial, issued, policy) : now,
    ...recover(facts, now),
  };
}

/** Forgets the failure. If the administrators were told of it, the next tick tells them that it is over. */
export function recover({ failure }: HostFacts, now: number): FactsChange {
  if (failure?.notifiedAt === undefined) return { failure: null };
  return {
    failure: null,
    recovery: { reason: failure.reason, since: failure.since, at: now },
    nextCheckAt: now,
  };
}

/** The same, but the reload unit failed: the attempt stays, parked, so that the reload is tried again. */
export function completeWithoutReload(
  facts: HostFacts,
  attempt: Attempt,
  issued: IssuedCertificateFacts,
  policy: IssuancePolicy,
  now: number,
): FactsChange {
  const { certificate } = complete(facts, attempt, issued, policy, now);
  const message = `the unit ${facts.deployment.reloadUnit} could not be reloaded; the new certificate is in place`;
  const failed = fail(facts, { step: 'reload', reason: FAILURE.reloadFailed, message }, policy, now);
  return { ...failed, ...(certificate === undefined ? {} : { certificate }), attempt: park(attempt) };
}

/**
 * Records a failure and its next try. An attempt that has a certificate is parked, to be resumed with the same one,
 * unless the reason says that this certificate can never be deployed; every other attempt is forgotten.
 */
export function fail(
  facts: HostFacts,
  failed: { readonly step: Step; readonly reason: string; readonly message: string },
  policy: IssuancePolicy,
  now: number,
): FactsChange {
  const count = (facts.failure?.count ?? 0) + 1;
  const retryAt = retryTime(count, now, facts.certificate, policy);
  const failure: Failure = {
    ...failed,
    at: now,
    since: facts.failure?.since ?? now,
    count,
    retryAt,
    rowHash: administratorHash(facts),
    // A notice names a reason once; another reason is news.
    ...(facts.failure?.notifiedAt === undefined || facts.failure.reason !== failed.reason
      ? {}
      : { notifiedAt: facts.failure.notifiedAt }),
  };
  const { attempt } = facts;
  // What nobody was told yet is looked at by the next tick, which sends the digest.
  const nextCheckAt = failure.notifiedAt === undefined ? now : retryAt;
  if (attempt === undefined) return { failure, nextCheckAt };
  return { failure, attempt: loses(attempt, failed.reason) ? null : park(attempt), nextCheckAt };
}

/** Whether a failure with this reason ends the attempt, so that its certificate, if any, is an orphan. */
export function loses(attempt: Attempt, reason: string): boolean {
  if (attempt.issued !== undefined) return CERTIFICATE_IS_LOST.includes(reason);
  // Once the CA was asked there may be a certificate, which is waited for rather than asked for again.
  return attempt.intent === undefined || !CERTIFICATE_MAY_COME.includes(reason);
}

/** Neither running nor overdue: it goes on when the back-off is over or the row allows it again. */
export function park(attempt: Attempt): Attempt {
  const { deadline: _deadline, ...parked } = attempt;
  return parked;
}
