/**
 * CertIssue: from a claimed attempt to a certificate that the CA was asked for. Every message, whatever its kind, only
 * says that there is something to look at; the stage in the row and the services say what to do.
 */
import { readCsrOutput } from '../core/command-output.ts';
import { CertvendError } from '../core/errors.ts';
import type { Intent } from '../core/facts.ts';
import { csrViolations } from '../core/issuance-policy.ts';
import type { CommandFinished, OwnMessage } from '../core/messages.ts';
import { FAILURE } from '../core/reasons.ts';
import { isOverwritten } from '../core/restore.ts';
import { serialFromArn } from '../core/serial.ts';
import { MINUTE, utcDay } from '../core/time.ts';
import { ATTEMPT_SECONDS, intend } from '../core/transitions.ts';
import type { CommandResult } from '../ports/host-commands.ts';
import { csrParameters } from './command-parameters.ts';
import {
  commandFailure,
  leaveToItsEnd,
  lookAgainLater,
  patiently,
  recordFailure,
  runningAttempt,
  stopped,
  untilUndisturbed,
  write,
} from './attempt-work.ts';
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
  if (facts === undefined) {
    if (item.kind === 'lookAgain') await abandoned(item, run);
    return;
  }
  if (facts.attempt.stage !== 'deploying' && (await stopped(facts, run))) return;
  const forwarded = await patiently(facts, run, () => look(item, facts, run));
  if (forwarded !== true) await lookAgainLater(item, facts, 'issuance', run);
}

/** Events can be lost: the self-check of an attempt that is over, or whose row is gone, sees what it left behind. */
async function abandoned({ hostId, attempt }: OwnMessage, run: AttemptRun): Promise<void> {
  const facts = await run.ports.inventory.get(hostId);
  if (facts?.attempt?.id === attempt || (facts !== undefined && isOverwritten(facts))) return;
  await leaveToItsEnd(hostId, attempt, run);
}

/** Returns whether the message now belongs to the other half. */
async function look(item: OwnMessage, facts: RunningFacts, run: AttemptRun): Promise<boolean> {
  const { stage } = facts.attempt;
  if (stage === 'csr') {
    await requestCsr(item, facts, run);
    return false;
  }
  if (stage === 'issuing' && !(await isRecorded(facts, run))) {
    await askAgain(facts, run);
    return false;
  }
  await run.ports.queue.send([{ queue: 'deployment', message: item, delaySeconds: 0 }]);
  return true;
}

async function commandFinished({ hostId, commandId }: CommandFinished, run: AttemptRun): Promise<void> {
  const { ports } = run;
  const facts = await ports.inventory.get(hostId);
  const attempt = facts?.attempt;
  if (facts === undefined || attempt?.deadline === undefined || attempt.stage === 'deploying') return;
  const running = { ...facts, attempt };
  await patiently(running, run, async () => {
    // Past the command unless this very message was cut off before the CA was asked.
    if (attempt.stage === 'issuing' && (!run.redelivered || (await isRecorded(running, run)))) return;
    const result = await ports.commands.result(commandId, hostId);
    if (result?.attempt !== attempt.id) ports.telemetry.count('StaleMessages');
    else if (!(await stopped(running, run))) await useResult(running, result, run);
  });
}

/** The first command, unless it was sent already. */
async function requestCsr(message: OwnMessage, facts: RunningFacts, run: AttemptRun): Promise<void> {
  const { ports } = run;
  const { hostId, attempt } = facts;
  const sentBefore = message.kind !== 'start' || run.redelivered;
  const result = sentBefore
    ? await ports.commands.find('GenerateCsr', hostId, attempt.id, attempt.stageSince)
    : undefined;
  if (result !== undefined) {
    await useResult(facts, result, run);
    return;
  }
  await sendCommand(facts, run);
}

async function sendCommand(facts: RunningFacts, run: AttemptRun): Promise<void> {
  const { hostId, attempt } = facts;
  try {
    await run.ports.commands.send('GenerateCsr', hostId, attempt.id, csrParameters(facts, run.now));
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
  await recordFailure(facts, { step: 'csr', ...commandFailure(output, result, 'generate a CSR') }, run);
}

async function checkCsr(facts: RunningFacts, pem: string, run: AttemptRun): Promise<void> {
  const { ports } = run;
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
  if (attempt.intent !== undefined && attempt.intent.publicKeyHash !== csr.publicKeyHash) {
    const message =
      'the host answered twice in one attempt, with two different keys: two machines may have the same node id';
    await recordFailure(facts, { step: 'csr', reason: FAILURE.hostCloned, message }, run);
    return;
  }
  const violations = csrViolations(csr, { ...request, knownKeyHashes });
  if (violations.length > 0) {
    await recordFailure(
      facts,
      { step: 'csr', reason: FAILURE.csrRejected, message: violations.join('; ') },
      run,
    );
    return;
  }
  await askOnce(facts, csr.publicKeyHash, pem, run);
}

/** Stores the intent, then asks the CA. */
async function askOnce(
  facts: RunningFacts,
  publicKeyHash: string,
  csr: string,
  run: AttemptRun,
): Promise<void> {
  const { attempt } = facts;
  const intent = intentFor(facts, publicKeyHash, run.now);
  if (intent === undefined) return;
  if (intent === attempt.intent) {
    await askAuthority(facts, csr, intent, run);
    return;
  }
  // Also tells whether the ledger can be written at all: without it the answer of the CA would be lost.
  await run.ports.ledger.countIssuance(utcDay(run.now));
  const intended = await write(facts, intend(facts, attempt, intent), run);
  if (intended.attempt !== undefined)
    await askAuthority({ ...intended, attempt: intended.attempt }, csr, intent, run);
}

/**
 * The stored intent while the CA remembers its token. After that the same question gives another certificate, so first the
 * rest of the attempt's span is waited for the event of the first one; undefined: wait.
 */
function intentFor({ attempt }: RunningFacts, publicKeyHash: string, now: number): Intent | undefined {
  const { intent, deadline } = attempt;
  if (intent === undefined) return { publicKeyHash, token: attempt.id, askedAt: now };
  if (now - intent.askedAt <= TOKEN_SECONDS) return intent;
  if (deadline === undefined || intent.askedAt >= deadline - ATTEMPT_SECONDS) return undefined;
  return { publicKeyHash, token: `${attempt.id}-${now.toString(36)}`, askedAt: now };
}

async function askAuthority(
  facts: RunningFacts,
  csr: string,
  intent: Intent,
  run: AttemptRun,
): Promise<void> {
  const { ports, policy, now } = run;
  const { hostId, attempt } = facts;
  let arn: string;
  try {
    arn = await ports.authority.issue({ csr, validitySeconds: policy.validitySeconds, token: intent.token });
  } catch (error) {
    if (!(error instanceof CertvendError) || error.retryable) throw error;
    await recordFailure(
      facts,
      { step: 'issue', reason: FAILURE.requestRefused, message: error.message },
      run,
    );
    return;
  }
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
}

/** The intent is stored and no certificate known: ask again, with the same token while the CA remembers it. */
async function askAgain(facts: RunningFacts, run: AttemptRun): Promise<void> {
  const { hostId, attempt } = facts;
  // The command was sent when the attempt began, before the stage that it is in now.
  const result = await run.ports.commands.find('GenerateCsr', hostId, attempt.id, attempt.startedAt);
  if (result === undefined) await sendCommand(facts, run);
  else await useResult(facts, result, run);
}

async function isRecorded({ hostId, attempt }: RunningFacts, { ports }: AttemptRun): Promise<boolean> {
  return (await ports.ledger.ofHost(hostId)).some(
    (entry) => entry.attempt === attempt.id && entry.outcome === 'issued',
  );
}
