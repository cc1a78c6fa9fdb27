/**
 * CertDeploy: from an issued certificate to a host that uses it. A certificate goes only to the host for which the ledger
 * says it was asked, and only if it says what was asked; the name inside a certificate never decides where it goes.
 */
import { readDeploymentOutput } from '../core/command-output.ts';
import { CertvendError } from '../core/errors.ts';
import type { IssuedCertificateFacts } from '../core/facts.ts';
import { certificateViolations } from '../core/issuance-policy.ts';
import type { CertificateFacts } from '../core/issuance-policy.ts';
import type { CertificateIssued, CommandFinished, OwnMessage, WorkItem } from '../core/messages.ts';
import { FAILURE, KEY_IS_ELSEWHERE } from '../core/reasons.ts';
import { isOverwritten } from '../core/restore.ts';
import { serialFromArn } from '../core/serial.ts';
import { beginDeployment, complete, completeWithoutReload } from '../core/transitions.ts';
import type { CommandResult } from '../ports/host-commands.ts';
import { adopt } from './adopt.ts';
import {
  commandFailure,
  lookAgainLater,
  patiently,
  recordFailure,
  runningAttempt,
  stopped,
  untilUndisturbed,
  write,
} from './attempt-work.ts';
import type { AttemptRun, RunningFacts } from './attempt-work.ts';
import { deploymentParameters } from './command-parameters.ts';
import type { SessionTarget } from './command-parameters.ts';

export interface DeployRun extends AttemptRun {
  readonly target: SessionTarget;
}

export async function deploy(item: WorkItem, run: DeployRun): Promise<void> {
  await untilUndisturbed(() => advance(item, run));
}

async function advance(item: WorkItem, run: DeployRun): Promise<void> {
  if (item.kind === 'certificateIssued') await certificateIssued(item, run);
  else if (item.kind === 'commandFinished') await commandFinished(item, run);
  else await look(item, run);
}

async function certificateIssued(
  { certificateArn, succeeded }: CertificateIssued,
  run: DeployRun,
): Promise<void> {
  const { ports, now } = run;
  const entry =
    (await ports.ledger.get(certificateArn)) ?? (succeeded ? await adopt(certificateArn, run) : undefined);
  if (entry?.outcome !== 'issued') return;
  const facts = await ports.inventory.get(entry.hostId);
  const attempt = facts?.attempt;
  if (facts === undefined || attempt?.id !== entry.attempt) {
    ports.telemetry.count('StaleMessages');
    // A row that was just overwritten is about to get its attempt back.
    if (facts === undefined || !isOverwritten(facts))
      await ports.ledger.note(certificateArn, 'orphaned', now);
    return;
  }
  // A parked attempt, which waits out a failure, knows its certificate or looks for it when it is resumed.
  if (attempt.stage !== 'issuing' || attempt.deadline === undefined) return;
  const running = { ...facts, attempt };
  if (succeeded) await patiently(running, run, () => begin(running, certificateArn, run));
  else {
    const message = 'the certificate authority could not sign; its event says failure';
    await recordFailure(
      running,
      { step: 'issue', reason: FAILURE.issuanceFailed, message },
      run,
      certificateArn,
    );
  }
}

async function commandFinished({ hostId, commandId }: CommandFinished, run: DeployRun): Promise<void> {
  const { ports } = run;
  const facts = await ports.inventory.get(hostId);
  const attempt = facts?.attempt;
  if (facts === undefined || attempt?.deadline === undefined || attempt.stage !== 'deploying') return;
  const running = { ...facts, attempt };
  await patiently(running, run, async () => {
    const result = await ports.commands.result(commandId, hostId);
    if (result?.attempt === attempt.id) await useResult(running, result, run);
    else ports.telemetry.count('StaleMessages');
  });
}

/** The self-check, a resumed attempt, or a redeployment. */
async function look(message: OwnMessage, run: DeployRun): Promise<void> {
  const facts = await runningAttempt(message.hostId, message.attempt, run);
  if (facts === undefined) return;
  await patiently(facts, run, () => lookAt(facts, run));
  await lookAgainLater(message, facts, 'deployment', run);
}

async function lookAt(facts: RunningFacts, run: DeployRun): Promise<void> {
  const { ports } = run;
  const { hostId, attempt } = facts;
  if (attempt.stage === 'issuing') {
    const entry = (await ports.ledger.ofHost(hostId)).find(
      (candidate) => candidate.attempt === attempt.id && candidate.outcome === 'issued',
    );
    if (entry !== undefined) await begin(facts, entry.certificateArn, run);
  } else if (attempt.stage === 'deploying') {
    const result = await ports.commands.find('DeployCertificate', hostId, attempt.id, attempt.stageSince);
    if (result === undefined) await begin(facts, attempt.issued?.arn ?? '', run);
    else await useResult(facts, result, run);
  }
}

/** Fetches and compares the certificate, writes the stage, sends the command: also for a deployment that is tried again. */
async function begin(facts: RunningFacts, arn: string, run: DeployRun): Promise<void> {
  const { ports, now } = run;
  if (await stopped(facts, run)) return;
  const fetched = await ports.authority.get(arn);
  if (fetched.state === 'pending') return;
  if (fetched.state === 'failed') {
    await recordFailure(
      facts,
      { step: 'issue', reason: FAILURE.issuanceFailed, message: fetched.message },
      run,
      arn,
    );
    return;
  }
  const certificate = ports.codec.certificate(fetched.certificate);
  const refusal = await refusalOf(facts, arn, certificate, run);
  if (refusal !== undefined) {
    await recordFailure(facts, { step: 'deploy', ...refusal }, run, arn);
    return;
  }
  const { serial, publicKeyHash, notBefore, notAfter } = certificate;
  const issued = { arn, serial, publicKeyHash, notBefore, notAfter };
  const begun = await write(facts, beginDeployment(facts, facts.attempt, issued, now), run);
  if (begun.attempt === undefined) return;
  await send({ ...begun, attempt: begun.attempt }, fetched, run);
}

async function send(
  facts: RunningFacts,
  pem: { readonly certificate: string; readonly chain: string },
  run: DeployRun,
): Promise<void> {
  const { ports, target, now } = run;
  try {
    await ports.commands.send(
      'DeployCertificate',
      facts.hostId,
      facts.attempt.id,
      deploymentParameters(facts, pem, target, now),
    );
  } catch (error) {
    if (!(error instanceof CertvendError) || error.retryable) throw error;
    const reason = error.code === 'NotFound' ? FAILURE.hostUnknown : FAILURE.commandFailed;
    await recordFailure(facts, { step: 'contact', reason, message: error.message }, run);
  }
}

/** Why this certificate must not be deployed; undefined: it may. */
async function refusalOf(
  { request, attempt, hostId }: RunningFacts,
  arn: string,
  certificate: CertificateFacts,
  { ports, policy, now }: DeployRun,
): Promise<{ reason: string; message: string } | undefined> {
  const entry = await ports.ledger.get(arn);
  if (entry?.revokedAt !== undefined) {
    return {
      reason: FAILURE.certificateRevoked,
      message: `certificate ${entry.serial} was revoked before it was deployed`,
    };
  }
  const publicKeyHash = attempt.issued?.publicKeyHash ?? attempt.intent?.publicKeyHash;
  const serial = serialFromArn(arn);
  if (publicKeyHash === undefined || serial === undefined) {
    return {
      reason: FAILURE.certificateMismatch,
      message: `nothing was asked of the authority in attempt ${attempt.id}`,
    };
  }
  const notAfterLatest = (entry?.issuedAt ?? now) + policy.validitySeconds;
  const asked = {
    commonName: hostId,
    keyAlgorithm: request.keyAlgorithm,
    publicKeyHash,
    serial,
    notAfterLatest,
  };
  const violations = certificateViolations(certificate, asked, now);
  return violations.length === 0
    ? undefined
    : { reason: FAILURE.certificateMismatch, message: violations.join('; ') };
}

async function useResult(facts: RunningFacts, result: CommandResult, run: DeployRun): Promise<void> {
  const { issued } = facts.attempt;
  if (result.state === 'pending' || issued === undefined) return;
  const output = readDeploymentOutput(result.stdout, facts.attempt.id, facts.hostId);
  if (output.ok === true && result.state === 'succeeded' && output.serial === issued.serial) {
    await deployed(facts, issued, output.reload, run);
    return;
  }
  const failed =
    (output.ok === false ? cloned(facts, output) : undefined) ??
    commandFailure(output, result, 'deploy the certificate');
  await recordFailure(facts, { step: 'deploy', ...failed }, run);
}

/** A reimaged host has lost its key once; one that loses it again and again is two machines that answer by turns. */
function cloned(
  { failure }: RunningFacts,
  { reason, message }: { readonly reason: string; readonly message: string },
): { reason: string; message: string } | undefined {
  if (!KEY_IS_ELSEWHERE.includes(reason) || !KEY_IS_ELSEWHERE.includes(failure?.reason ?? ''))
    return undefined;
  return {
    reason: FAILURE.hostCloned,
    message: `twice in a row the key of the request was not there when its certificate came: two machines may have the same node id (${message})`,
  };
}

/** Ledger first, row second: a crash in between is repaired when the message comes again. */
async function deployed(
  facts: RunningFacts,
  issued: IssuedCertificateFacts,
  reload: string,
  run: DeployRun,
): Promise<void> {
  const { ports, policy, now } = run;
  const { hostId, attempt, certificate } = facts;
  const replaced = certificate === undefined ? await deployedBefore(hostId, run) : [certificate.arn];
  await ports.ledger.note(issued.arn, 'deployed', now);
  for (const arn of replaced) if (arn !== issued.arn) await ports.ledger.note(arn, 'superseded', now);
  const change = reload === 'failed' ? completeWithoutReload : complete;
  await write(facts, change(facts, attempt, issued, policy, now), run);
  ports.telemetry.count('CertificatesDeployed');
  ports.telemetry.info('certificate deployed', { hostId, attempt: attempt.id, serial: issued.serial });
}

/** A row that was overwritten or re-created knows no certificate; the ledger does. */
async function deployedBefore(hostId: string, { ports }: DeployRun): Promise<string[]> {
  return (await ports.ledger.ofHost(hostId))
    .filter((entry) => entry.outcome === 'deployed')
    .map((entry) => entry.certificateArn);
}
