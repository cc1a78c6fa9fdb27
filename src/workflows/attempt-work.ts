/** What the two halves of an attempt, issuance and deployment, have in common. */
import { CertvendError, isCertvendError } from '../core/errors.ts';
import type { FactsChange, HostFacts, IssuancePolicy, Step } from '../core/facts.ts';
import { LOOK_AGAIN_SECONDS } from '../core/messages.ts';
import type { OwnMessage } from '../core/messages.ts';
import { requestHash } from '../core/hashes.ts';
import type { HostFailure, UnreadableOutput } from '../core/command-output.ts';
import { FAILURE } from '../core/reasons.ts';
import { fail, loses, park } from '../core/transitions.ts';
import type { CertificateAuthority } from '../ports/certificate-authority.ts';
import type { CertificateCodec } from '../ports/certificate-codec.ts';
import type { CommandResult, HostCommands } from '../ports/host-commands.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { QueueName, WorkQueue } from '../ports/work-queue.ts';

export interface AttemptPorts {
  readonly inventory: Inventory;
  readonly ledger: Ledger;
  readonly commands: HostCommands;
  readonly authority: CertificateAuthority;
  readonly codec: CertificateCodec;
  readonly queue: WorkQueue;
  readonly telemetry: Telemetry;
}

export interface AttemptRun {
  readonly ports: AttemptPorts;
  readonly policy: IssuancePolicy;
  readonly now: number;
  /** The message was delivered before: what it asks for may have been done. */
  readonly redelivered: boolean;
}

/** After so many disturbed tries the message comes again later. */
const CONFLICTS_MAX = 4;

/** Facts with an attempt that has not been given up or parked. */
export type RunningFacts = HostFacts & { readonly attempt: NonNullable<HostFacts['attempt']> };

/** The host's facts if this very attempt is running on it; undefined, and counted, if the message has come too late. */
export async function runningAttempt(
  hostId: string,
  attempt: string,
  run: AttemptRun,
): Promise<RunningFacts | undefined> {
  const facts = await run.ports.inventory.get(hostId);
  if (facts?.attempt?.id === attempt && facts.attempt.deadline !== undefined)
    return { ...facts, attempt: facts.attempt };
  run.ports.telemetry.count('StaleMessages');
  return undefined;
}

/**
 * Ends an attempt that nobody wants any more before it costs anything: the row became invalid or was disabled, the
 * certificate in use was revoked, or another certificate is asked for by now. Returns whether it did.
 */
export async function stopped(facts: RunningFacts, run: AttemptRun): Promise<boolean> {
  const { attempt, certificate, request, expiryPresent, problems, disabled } = facts;
  const revoked = certificate?.revokedAt !== undefined && expiryPresent;
  if (revoked || attempt.requestHash !== requestHash(request)) {
    await leaveToItsEnd(facts.hostId, attempt.id, run);
    await write(facts, { attempt: null, nextCheckAt: run.now }, run);
    return true;
  }
  if (problems.length === 0 && !disabled) return false;
  await write(
    facts,
    { attempt: attempt.intent === undefined ? null : park(attempt), nextCheckAt: run.now },
    run,
  );
  return true;
}

/** Records that what was issued in an attempt that is over will never be in use. */
export async function leaveToItsEnd(
  hostId: string,
  attempt: string,
  { ports, now }: AttemptRun,
): Promise<void> {
  for (const entry of await ports.ledger.ofHost(hostId)) {
    if (entry.attempt === attempt && entry.outcome === 'issued')
      await ports.ledger.note(entry.certificateArn, 'orphaned', now);
  }
}

/** Writes what was decided on the facts that were read; throws `Conflict` when the row is another by now. */
export async function write(
  facts: RunningFacts,
  change: FactsChange,
  { ports, now }: AttemptRun,
): Promise<HostFacts> {
  const written = await ports.inventory.write(facts, change, now);
  if (written === undefined)
    throw new CertvendError('Conflict', `the row of ${facts.hostId} changed meanwhile`);
  return written;
}

/** Gathers and decides again when a row changed in between: an administrator, a notice or another message was faster. */
export async function untilUndisturbed(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (tries >= CONFLICTS_MAX || !isCertvendError(error, 'Conflict')) throw error;
    }
  }
}

/** Writes the failure with its next try, and what it means for a certificate that was already issued. */
export async function recordFailure(
  facts: RunningFacts,
  failed: { readonly step: Step; readonly reason: string; readonly message: string },
  run: AttemptRun,
  undeployedArn?: string,
): Promise<void> {
  const { ports, policy, now } = run;
  const { attempt, hostId, certificate } = facts;
  ports.telemetry.count('Failures');
  const { step, reason, message: because } = failed;
  ports.telemetry.warn('attempt failed', { hostId, attempt: attempt.id, step, reason, because });
  const lost = undeployedArn ?? (loses(attempt, failed.reason) ? attempt.issued?.arn : undefined);
  if (lost !== undefined && lost !== certificate?.arn) await ports.ledger.note(lost, 'orphaned', now);
  await write(facts, fail(facts, failed, policy, now), run);
}

/**
 * Throttled is not failed: the attempt's self-check asks again soon, without a step of back-off, and the resumes of an
 * attempt that is only throttled are not counted. Returns undefined when the work was throttled.
 */
export async function patiently<T>(
  { hostId, attempt }: RunningFacts,
  run: AttemptRun,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isCertvendError(error, 'Throttled')) throw error;
    run.ports.telemetry.warn('throttled', { hostId, attempt: attempt.id, because: error.message });
    run.ports.telemetry.count('Throttled');
    const facts = await runningAttempt(hostId, attempt.id, run);
    if (facts !== undefined && facts.attempt.resumes > 0)
      await write(facts, { attempt: { ...facts.attempt, resumes: 0 } }, run);
    return undefined;
  }
}

/** Keeps the one self-check of an attempt going, on the queue of the half that is at work; ends with the attempt's deadline. */
export async function lookAgainLater(
  message: OwnMessage,
  facts: RunningFacts,
  queue: QueueName,
  run: AttemptRun,
): Promise<void> {
  const { deadline } = facts.attempt;
  if (message.kind !== 'lookAgain' || deadline === undefined || run.now + LOOK_AGAIN_SECONDS >= deadline)
    return;
  await run.ports.queue.send([{ queue, message, delaySeconds: LOOK_AGAIN_SECONDS }]);
}

/** Why a command did not do its work: the host's own words, the service's, or that its output does not fit. */
export function commandFailure(
  output: HostFailure | UnreadableOutput | { readonly ok: true },
  { state, detail }: CommandResult,
  purpose: string,
): { reason: string; message: string } {
  if (output.ok === false) return { reason: output.reason, message: output.message };
  if (state === 'timedOut') {
    return { reason: FAILURE.commandTimedOut, message: `the command to ${purpose} ended as ${detail}` };
  }
  if (output.ok === 'unreadable') return { reason: FAILURE.outputUnreadable, message: output.message };
  const message = `the command to ${purpose} ended as ${detail}, and its result is not the one of this attempt`;
  return { reason: FAILURE.outputUnreadable, message };
}
