/**
 * CertIssue: from a claimed attempt to a certificate that the CA was asked for. Every message, whatever its kind, only
 * says that there is something to look at; the stage in the row and the services say what to do.
 */
import { readCsrOutput } from '../core/command-output.ts';
import { CertvendError, isCertvendError } from '../core/errors.ts';
import type { Intent } from '../core/facts.ts';
import { csrViolations } from '../core/issuance-policy.ts';
import type { CommandFinished, OwnMessage } from '../core/messages.ts';
import { FAILURE } from '../core/reasons.ts';
import { serialFromArn } from '../core/serial.ts';
import { MINUTE } from '../core/time.ts';
import { intend } from '../core/transitions.ts';
import type { CommandResult } from '../ports/host-commands.ts';
import { csrParameters } from './command-parameters.ts';
import { lookAgainLater, recordFailure, runningAttempt, untilUndisturbed, write } from './attempt-work.ts';
import type { AttemptRun, RunningFacts } from './attempt-work.ts';

/** Private CA remembers a token for 5 minutes; a minute is left for clocks and queues. */
const TOKEN_SECONDS = 4 * MINUTE;

export async function issue(item: OwnMessage | CommandFinished, run: AttemptRun): Promise<void> {
  await untilUndisturbed(() => advance(item, run));
}

async function advance(item: OwnMessage | CommandFinished, run: AttemptRun): Promise<void> {
  if (item.kind === 'commandFinished') {
    await commandFinished(item, run);
    return;
  }
  const facts = await runningAttempt(item.hostId, item.attempt, run);
  if (facts === undefined) return;
  if (facts.attempt.stage === 'deploying') {
    await forward(item, 0, run);
    return;
  }
  if (facts.attempt.stage === 'csr') await requestCsr(item, facts, run);
  else if (await isRecorded(facts, run)) {
    await forward(item, 0, run);
    return;
  } else await askAgain(facts, run);
  await lookAgainLater(item, facts, 'issuance', run);
}

async function commandFinished({ hostId, commandId }: CommandFinished, run: AttemptRun): Promise<void> {
  const { ports } = run;
  const facts = await ports.inventory.get(hostId);
  const attempt = facts?.attempt;
  if (facts === undefined || attempt?.deadline === undefined || attempt.stage === 'deploying') return;
  // Past the command unless this very message was cut off before the CA was asked.
  if (attempt.stage === 'issuing' && (!run.redelivered || (await isRecorded({ ...facts, attempt }, run))))
    return;
  const result = await ports.commands.result(commandId, hostId);
  if (result?.attempt !== attempt.id) {
    ports.telemetry.count('StaleMessages');
    return;
  }
  await useResult({ ...facts, attempt }, result, run);
}

/** The first command, unless it was sent already. */
async function requestCsr(message: OwnMessage, facts: RunningFacts, run: AttemptRun): Promise<void> {
  const { ports, now } = run;
  const { hostId, attempt } = facts;
  const sentBefore = message.kind !== 'start' || run.redelivered;
  const result = sentBefore
    ? await ports.commands.find('GenerateCsr', hostId, attempt.id, attempt.stageSince)
    : undefined;
  if (result !== undefined) {
    await useResult(facts, result, run);
    return;
  }
  try {
    await ports.commands.send('GenerateCsr', hostId, attempt.id, csrParameters(facts, now));
  } catch (error) {
    if (!(error instanceof CertvendError) || error.retryable) throw error;
    const reason = error.code === 'NotFound' ? FAILURE.hostUnknown : FAILURE.commandFailed;
    await recordFailure(facts, { step: 'contact', reason, message: error.message }, run);
  }
}

async function useResult(facts: RunningFacts, result: CommandResult, run: AttemptRun): Promise<void> {
  if (result.state === 'pending') return;
  const output = readCsrOutput(result.stdout, facts.attempt.id, facts.hostId);
  if (output.ok === true && result.state === 'succeeded') {
    await checkCsr(facts, output.csr, run);
    return;
  }
  const timedOut = result.state === 'timedOut';
  const failed =
    output.ok === false
      ? { reason: output.reason, message: output.message }
      : timedOut
        ? {
            reason: FAILURE.commandTimedOut,
            message: `the command to generate a CSR ended as ${result.detail}`,
          }
        : {
            reason: FAILURE.outputUnreadable,
            message: output.ok === 'unreadable' ? output.message : `the command ended as ${result.detail}`,
          };
  await recordFailure(facts, { step: 'csr', ...failed }, run);
}

async function checkCsr(facts: RunningFacts, pem: string, run: AttemptRun): Promise<void> {
  const { ports, now } = run;
  const { hostId, attempt, request, certificate } = facts;
  const csr = await ports.codec.csr(pem);
  if (csr === undefined) {
    await recordFailure(
      facts,
      { step: 'csr', reason: FAILURE.csrRejected, message: 'the host did not send one readable CSR' },
      run,
    );
    return;
  }
  // The ledger may hold the key of this very attempt, when the answer of the CA was lost.
  const known = (await ports.ledger.ofHost(hostId))
    .filter((entry) => entry.attempt !== attempt.id)
    .map((entry) => entry.publicKeyHash);
  const knownKeyHashes = certificate === undefined ? known : [...known, certificate.publicKeyHash];
  const violations = csrViolations(csr, { ...request, knownKeyHashes });
  if (attempt.intent !== undefined && attempt.intent.publicKeyHash !== csr.publicKeyHash)
    violations.push('the key differs from the one of the first answer');
  if (violations.length > 0) {
    await recordFailure(
      facts,
      { step: 'csr', reason: FAILURE.csrRejected, message: violations.join('; ') },
      run,
    );
    return;
  }
  const intent = tokenFor(facts, csr.publicKeyHash, now);
  const intended = intent === attempt.intent ? facts : await write(facts, intend(attempt, intent), run);
  if (intended.attempt === undefined) return;
  await askAuthority({ ...intended, attempt: intended.attempt }, pem, intent, run);
}

/** The stored intent while the CA still remembers its token; otherwise a new one, which asks for another certificate. */
function tokenFor({ attempt }: RunningFacts, publicKeyHash: string, now: number): Intent {
  const { intent } = attempt;
  if (intent === undefined) return { publicKeyHash, token: attempt.id, askedAt: now };
  if (now - intent.askedAt <= TOKEN_SECONDS) return intent;
  return { publicKeyHash, token: `${attempt.id}-${String(attempt.resumes)}`, askedAt: now };
}

async function askAuthority(
  facts: RunningFacts,
  csr: string,
  intent: Intent,
  run: AttemptRun,
): Promise<void> {
  const { ports, policy, now } = run;
  const { hostId, attempt } = facts;
  try {
    const arn = await ports.authority.issue({
      csr,
      validitySeconds: policy.validitySeconds,
      token: intent.token,
    });
    await ports.ledger.record({
      certificateArn: arn,
      hostId,
      attempt: attempt.id,
      serial: serialFromArn(arn) ?? '',
      publicKeyHash: intent.publicKeyHash,
      issuedAt: now,
      notAfter: now + policy.validitySeconds,
      requestHash: attempt.requestHash,
      outcome: 'issued',
      outcomeAt: now,
    });
    ports.telemetry.count('CertificatesIssued');
    ports.telemetry.info('certificate requested', { hostId, attempt: attempt.id, certificateArn: arn });
  } catch (error) {
    if (!isCertvendError(error, 'InvalidRequest')) throw error;
    await recordFailure(
      facts,
      { step: 'issue', reason: FAILURE.requestRefused, message: error.message },
      run,
    );
  }
}

/** The intent is stored and no certificate known: ask again, with the same token while the CA remembers it. */
async function askAgain(facts: RunningFacts, run: AttemptRun): Promise<void> {
  const { hostId, attempt } = facts;
  // The command was sent when the attempt began, before the stage that it is in now.
  const result = await run.ports.commands.find('GenerateCsr', hostId, attempt.id, attempt.startedAt);
  if (result !== undefined) await useResult(facts, result, run);
}

async function isRecorded({ hostId, attempt }: RunningFacts, { ports }: AttemptRun): Promise<boolean> {
  return (await ports.ledger.ofHost(hostId)).some(
    (entry) => entry.attempt === attempt.id && entry.outcome === 'issued',
  );
}

async function forward(message: OwnMessage, delaySeconds: number, { ports }: AttemptRun): Promise<void> {
  await ports.queue.send([{ queue: 'deployment', message, delaySeconds }]);
}
