/**
 * A row of the table `certificates` and the facts it holds. Reading is lenient: whatever somebody made of our own
 * attributes, the worst that follows is a new certificate. Writing never names an attribute of the administrator.
 */
import { applyChange } from '../core/facts.ts';
import type {
  Attempt,
  CurrentCertificate,
  Failure,
  FactsChange,
  HostDefaults,
  HostFacts,
  Intent,
  IssuedCertificateFacts,
  Recovery,
  Stage,
  Step,
} from '../core/facts.ts';
import { ADMINISTRATOR_ATTRIBUTES, checkRow } from '../core/host-request.ts';
import { hashFraction } from '../core/renewal-window.ts';
import { statusOf } from '../core/status.ts';
import { isoTime, parseIsoTime, rowTime } from '../core/time.ts';

export type Row = Readonly<Record<string, unknown>>;

/** The time index is spread over this many partitions; each answers a tick with one query. */
export const CHECK_SHARDS = ['0', '1', '2', '3'] as const;
const STAGES: readonly Stage[] = ['csr', 'issuing', 'deploying'];
const STEPS: readonly Step[] = ['row', 'contact', 'csr', 'issue', 'deploy', 'reload'];

export function readRow(row: Row, defaults: HostDefaults, issuer: string): HostFacts {
  const hostId = String(row['hostID']);
  const attributes = Object.fromEntries(ADMINISTRATOR_ATTRIBUTES.map((name) => [name, row[name]]));
  return {
    hostId,
    disabled: row['disabled'] === true || row['disabled'] === 'true',
    expiryPresent: typeof row['expiry'] === 'string' && row['expiry'].trim() !== '',
    ...checkRow(hostId, attributes, defaults, issuer),
    ...present('certificate', readCertificate(record(row['certificate']))),
    ...present('attempt', readAttempt(record(row['attempt']))),
    ...present('failure', readFailure(record(row['failure']))),
    ...present('recovery', readRecovery(record(row['recovery']))),
    ...present('issuances', readIssuances(record(row['issuances']))),
    ...present('nextCheckAt', parseIsoTime(row['nextCheckAt'])),
    ...present('revision', text(row['revision'])),
  };
}

/** Attributes to set and to remove for a change. */
export function writeRow(
  facts: HostFacts,
  change: FactsChange,
  revision: string,
  now: number,
): { set: Row; remove: string[] } {
  const after = applyChange(facts, change);
  const { status, reason, message } = statusOf(after, now);
  const set: Record<string, unknown> = { revision, status, statusReason: reason, statusMessage: message };
  const remove: string[] = [];
  if (change.certificate !== undefined) {
    set['expiry'] = rowTime(change.certificate.notAfter);
    set['serial'] = change.certificate.serial;
  }
  if (after.certificate !== facts.certificate && after.certificate !== undefined)
    set['certificate'] = certificateMap(after.certificate);
  if (change.issuances !== undefined) set['issuances'] = change.issuances;
  if (change.attempt === null) remove.push('attempt');
  else if (change.attempt !== undefined) set['attempt'] = attemptMap(change.attempt);
  if (change.failure === null) remove.push('failure');
  else if (change.failure !== undefined) set['failure'] = failureMap(change.failure);
  if (change.recovery === null) remove.push('recovery');
  else if (change.recovery !== undefined) set['recovery'] = recoveryMap(change.recovery);
  if (change.nextCheckAt === null) remove.push('checkShard', 'nextCheckAt');
  else if (change.nextCheckAt !== undefined) {
    set['checkShard'] = CHECK_SHARDS[Math.floor(hashFraction(facts.hostId) * CHECK_SHARDS.length)];
    set['nextCheckAt'] = isoTime(change.nextCheckAt);
  }
  return { set, remove };
}

function certificateMap({ notBefore, notAfter, deployedAt, revokedAt, ...rest }: CurrentCertificate): Row {
  const times = {
    notBefore: isoTime(notBefore),
    notAfter: isoTime(notAfter),
    deployedAt: isoTime(deployedAt),
  };
  return { ...rest, ...times, ...(revokedAt === undefined ? {} : { revokedAt: isoTime(revokedAt) }) };
}

function attemptMap({ startedAt, stageSince, deadline, intent, issued, ...rest }: Attempt): Row {
  return {
    ...rest,
    startedAt: isoTime(startedAt),
    stageSince: isoTime(stageSince),
    ...(deadline === undefined ? {} : { deadline: isoTime(deadline) }),
    ...(intent === undefined ? {} : { intent: { ...intent, askedAt: isoTime(intent.askedAt) } }),
    ...(issued === undefined
      ? {}
      : { issued: { ...issued, notBefore: isoTime(issued.notBefore), notAfter: isoTime(issued.notAfter) } }),
  };
}

function failureMap({ at, since, retryAt, notifiedAt, ...rest }: Failure): Row {
  const times = { at: isoTime(at), since: isoTime(since), retryAt: isoTime(retryAt) };
  return { ...rest, ...times, ...(notifiedAt === undefined ? {} : { notifiedAt: isoTime(notifiedAt) }) };
}

function recoveryMap({ reason, since, at }: Recovery): Row {
  return { reason, since: isoTime(since), at: isoTime(at) };
}

function readRecovery(map: Row): Recovery | undefined {
  const [reason, since, at] = [text(map['reason']), parseIsoTime(map['since']), parseIsoTime(map['at'])];
  return reason === undefined || since === undefined || at === undefined ? undefined : { reason, since, at };
}

function readIssued(map: Row): IssuedCertificateFacts | undefined {
  const [arn, serial, publicKeyHash] = [text(map['arn']), text(map['serial']), text(map['publicKeyHash'])];
  const [notBefore, notAfter] = [parseIsoTime(map['notBefore']), parseIsoTime(map['notAfter'])];
  if (arn === undefined || serial === undefined || publicKeyHash === undefined) return undefined;
  if (notBefore === undefined || notAfter === undefined) return undefined;
  return { arn, serial, publicKeyHash, notBefore, notAfter };
}

function readCertificate(map: Row): CurrentCertificate | undefined {
  const issued = readIssued(map);
  const deployedAt = parseIsoTime(map['deployedAt']);
  if (issued === undefined || deployedAt === undefined) return undefined;
  const requestHash = text(map['requestHash']) ?? '';
  const deploymentHash = text(map['deploymentHash']) ?? '';
  return {
    ...issued,
    requestHash,
    deploymentHash,
    deployedAt,
    ...present('revokedAt', parseIsoTime(map['revokedAt'])),
  };
}

function readAttempt(map: Row): Attempt | undefined {
  const id = text(map['id']);
  const stage = STAGES.find((known) => known === map['stage']);
  const [startedAt, stageSince] = [parseIsoTime(map['startedAt']), parseIsoTime(map['stageSince'])];
  if (id === undefined || stage === undefined || startedAt === undefined || stageSince === undefined)
    return undefined;
  return {
    id,
    stage,
    startedAt,
    stageSince,
    requestHash: text(map['requestHash']) ?? '',
    deploymentHash: text(map['deploymentHash']) ?? '',
    resumes: count(map['resumes']),
    ...present('deadline', parseIsoTime(map['deadline'])),
    ...present('intent', readIntent(record(map['intent']))),
    ...present('issued', readIssued(record(map['issued']))),
  };
}

function readIntent(map: Row): Intent | undefined {
  const [publicKeyHash, token, askedAt] = [
    text(map['publicKeyHash']),
    text(map['token']),
    parseIsoTime(map['askedAt']),
  ];
  if (publicKeyHash === undefined || token === undefined || askedAt === undefined) return undefined;
  return { publicKeyHash, token, askedAt };
}

function readFailure(map: Row): Failure | undefined {
  const step = STEPS.find((known) => known === map['step']);
  const [at, since, retryAt] = [
    parseIsoTime(map['at']),
    parseIsoTime(map['since']),
    parseIsoTime(map['retryAt']),
  ];
  if (step === undefined || at === undefined || since === undefined || retryAt === undefined)
    return undefined;
  return {
    step,
    reason: text(map['reason']) ?? '',
    message: text(map['message']) ?? '',
    at,
    since,
    count: count(map['count']),
    retryAt,
    rowHash: text(map['rowHash']) ?? '',
    ...present('notifiedAt', parseIsoTime(map['notifiedAt'])),
  };
}

function readIssuances(map: Row): { day: string; count: number } | undefined {
  const day = text(map['day']);
  return day === undefined ? undefined : { day, count: count(map['count']) };
}

function record(value: unknown): Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function present<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  // The computed key widens the literal type; it is the one key given.
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>);
}
