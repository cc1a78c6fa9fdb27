/** What CertCheck starts: within the limits of queue and day, claimed in the row first, enqueued second. */
import type { Decision } from '../core/decide.ts';
import type { HostFacts, IssuancePolicy, Step } from '../core/facts.ts';
import { LOOK_AGAIN_SECONDS } from '../core/messages.ts';
import type { OwnMessage } from '../core/messages.ts';
import { needsNotice } from '../core/notices.ts';
import { FAILURE, REASON } from '../core/reasons.ts';
import { utcDay } from '../core/time.ts';
import { claim, claimRedeployment, fail, resume } from '../core/transitions.ts';
import type { QueuedMessage } from '../ports/work-queue.ts';
import { count, write } from './check-run.ts';
import type { CheckPorts, CheckRun, CheckState, Decided } from './check-run.ts';
import { corrected } from './settle.ts';

/** SQS delays a message by at most 900 s, so one run starts no more than fit into that; the rest waits for the next tick. */
const DELAY_MAX = 900;

/** How many attempts can still be started in this run: their messages wait in the queue, for at most 900 s. */
export function roomFor({ enqueued }: CheckState, { startsPerSecond }: IssuancePolicy): number {
  return Math.max(0, Math.floor((DELAY_MAX - LOOK_AGAIN_SECONDS) * startsPerSecond) - enqueued);
}

/** What does not fit into the limit of the day stays due. Counted where the CA is asked, so failing hosts take no share. */
export async function withinFleetLimit(
  hosts: readonly Decided[],
  run: CheckRun,
  state: CheckState,
): Promise<readonly Decided[]> {
  const { ports, policy, now } = run;
  const wanted = hosts.filter(({ decision }) => decision.action === 'issue').length;
  if (wanted === 0) return hosts;
  const { today, total } = await ports.ledger.issuances(utcDay(now));
  ports.telemetry.gauge('CertificatesOfAuthority', total);
  const limit = policy.maxIssuancesPerFleetPerDay;
  const used = today + state.summary.started;
  let refused = Math.min(wanted, Math.max(0, used + wanted - limit));
  if (refused === 0) return hosts;
  ports.telemetry.count('RefusedByFleetLimit', refused);
  // Told by the digest when it begins, and by an alarm as long as it lasts.
  if (await ports.ledger.noteFleetLimit(utcDay(now))) {
    state.remarks.push(
      `${REASON.fleetDailyLimit}: ${String(refused)} hosts wait until tomorrow, ${String(limit)} certificates were asked for today (maxIssuancesPerFleetPerDay).`,
    );
  }
  return [...hosts]
    .reverse()
    .filter(({ decision }) => decision.action !== 'issue' || refused-- <= 0)
    .reverse();
}

/** Claims and returns the messages to send: the first step, and the self-check that follows it. */
export async function start(
  { facts, decision }: Decided,
  run: CheckRun,
  state: CheckState,
): Promise<QueuedMessage[]> {
  const { ports, policy, now } = run;
  const delay = Math.floor(state.enqueued / policy.startsPerSecond);
  state.enqueued += 1;
  const claimed = await claimFor(facts, decision, delay, run, state);
  const attempt = claimed?.attempt;
  if (claimed === undefined || attempt?.deadline === undefined) return [];
  if (needsNotice(claimed, now, policy)) state.toNotify.push(claimed);
  count(state.summary, decision);
  if (decision.action === 'issue') ports.telemetry.count('StartedAttempts');
  ports.telemetry.info('attempt enqueued', {
    hostId: facts.hostId,
    attempt: attempt.id,
    reason: decision.reason,
  });
  await orphanAbandoned(facts, attempt.id, ports, now);
  const kind: OwnMessage['kind'] = decision.action === 'issue' ? 'start' : 'resume';
  const queue = attempt.stage === 'deploying' ? 'deployment' : 'issuance';
  const { hostId } = facts;
  return [
    { queue, message: { kind, hostId, attempt: attempt.id }, delaySeconds: delay },
    {
      queue,
      message: { kind: 'lookAgain', hostId, attempt: attempt.id },
      delaySeconds: delay + LOOK_AGAIN_SECONDS,
    },
  ];
}

async function claimFor(
  facts: HostFacts,
  decision: Decision,
  delay: number,
  run: CheckRun,
  state: CheckState,
): Promise<HostFacts | undefined> {
  const { ports, policy, now } = run;
  const { attempt } = facts;
  if (decision.action !== 'resume' || attempt === undefined) {
    const id = ports.identifiers.newAttempt(now);
    const change =
      decision.action === 'redeploy'
        ? claimRedeployment(facts, id, delay, now)
        : claim(facts, id, delay, now);
    return write(facts, { ...corrected(facts, now), ...change }, run, state);
  }
  const change = resume(facts, attempt, delay, now);
  if (change !== undefined) return write(facts, { ...corrected(facts, now), ...change }, run, state);
  const message = `attempt ${attempt.id} did not end at stage ${attempt.stage}, although it was looked at again several times`;
  const step: Step = attempt.stage === 'csr' ? 'csr' : attempt.stage === 'issuing' ? 'issue' : 'deploy';
  await write(
    facts,
    fail(facts, { step, reason: FAILURE.attemptExhausted, message }, policy, now),
    run,
    state,
  );
  return undefined;
}

/** A claim over an attempt that already had a certificate leaves that certificate to its end. */
async function orphanAbandoned(
  facts: HostFacts,
  claimedId: string,
  ports: CheckPorts,
  now: number,
): Promise<void> {
  const abandoned = facts.attempt;
  if (abandoned === undefined || abandoned.id === claimedId) return;
  if (abandoned.issued === undefined) await orphanIssued(facts.hostId, abandoned.id, ports, now);
  else if (abandoned.issued.arn !== facts.certificate?.arn)
    await ports.ledger.note(abandoned.issued.arn, 'orphaned', now);
}

export async function orphanIssued(
  hostId: string,
  attempt: string,
  ports: CheckPorts,
  now: number,
): Promise<void> {
  const entry = (await ports.ledger.ofHost(hostId)).find((candidate) => candidate.attempt === attempt);
  if (entry !== undefined) await ports.ledger.note(entry.certificateArn, 'orphaned', now);
}
