/**
 * CertCheck: decides for each host what is due, claims an attempt in its row and enqueues it. It never talks to a host or
 * to the CA. Claim first, enqueue second: an attempt whose message was lost is found overdue by the tick.
 */
import { decide } from '../core/decide.ts';
import type { Decision } from '../core/decide.ts';
import { applyChange } from '../core/facts.ts';
import type { FactsChange, HostFacts, IssuancePolicy, Step } from '../core/facts.ts';
import { administratorHash } from '../core/hashes.ts';
import { LOOK_AGAIN_SECONDS } from '../core/messages.ts';
import type { OwnMessage } from '../core/messages.ts';
import { needsNotice } from '../core/notices.ts';
import { FAILURE, REASON } from '../core/reasons.ts';
import { isOverwritten, restore } from '../core/restore.ts';
import { utcDay } from '../core/time.ts';
import { claim, claimRedeployment, fail, recover, resume } from '../core/transitions.ts';
import type { Identifiers } from '../ports/identifiers.ts';
import type { Inventory, Page } from '../ports/inventory.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { AgentState, ManagedNodes } from '../ports/managed-nodes.ts';
import type { Notices } from '../ports/notices.ts';
import { FROM_START } from '../ports/progress.ts';
import type { Progress } from '../ports/progress.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { QueuedMessage, WorkQueue } from '../ports/work-queue.ts';
import { eachBounded } from './bounded.ts';
import { publishDigest } from './digest.ts';

export interface CheckPorts {
  readonly inventory: Inventory;
  readonly ledger: Ledger;
  readonly nodes: ManagedNodes;
  readonly queue: WorkQueue;
  readonly notices: Notices;
  readonly identifiers: Identifiers;
  readonly progress: Progress;
  readonly telemetry: Telemetry;
}

/** What one check did; the answer of a manual invoke. */
export interface CheckSummary {
  hosts: number;
  started: number;
  resumed: number;
  redeployed: number;
  running: number;
  waiting: number;
  backingOff: number;
  held: number;
  unreachable: number;
  /** False: time ran out; the next tick goes on from there. */
  complete: boolean;
}

/** One run. `hasTime` is asked between pages, so that a run ends before its function is stopped. */
export interface CheckRun {
  readonly ports: CheckPorts;
  readonly policy: IssuancePolicy;
  readonly now: number;
  readonly hasTime: () => boolean;
}

interface State {
  readonly summary: CheckSummary;
  readonly toNotify: HostFacts[];
  readonly remarks: string[];
  /** What went wrong with single hosts; thrown at the end, when all others have been seen to. */
  readonly errors: unknown[];
  /** Hosts whose row was another when it was to be written. */
  readonly disturbed: Set<string>;
  /** Attempts enqueued so far; the n-th is delivered n / startsPerSecond later. */
  enqueued: number;
}

/** SQS delays a message by at most 900 s, so one run starts no more than fit into that; the rest waits for the next tick. */
const DELAY_MAX = 900;
const WIDTH = 10;
/** Hosts whose claims are enqueued together: what a function that is stopped claimed and did not enqueue waits for its deadline. */
const PART = 25;
const PAGES_MAX = 10_000;
const LOOKS_MAX = 3;
const DUE = ['issue', 'resume', 'redeploy'];

/** Everything that is due by the index, then the rest of an unfinished reconcile. */
export async function checkDue(run: CheckRun): Promise<CheckSummary> {
  const state = newState();
  await eachPage((after) => run.ports.inventory.due(run.now, after), undefined, run, state);
  const unfinished = await run.ports.progress.load();
  if (unfinished !== undefined && run.hasTime()) await continueReconcile(unfinished, run, state);
  return finish(run, state);
}

async function continueReconcile(from: string, run: CheckRun, state: State): Promise<void> {
  const next = await reconcileFrom(from, run, state);
  await run.ports.progress.save(state.errors.length > 0 ? FROM_START : next);
}

/** The whole table: catches rows that the stream missed. */
export async function reconcile(run: CheckRun): Promise<CheckSummary> {
  return orReconcileSoon(run, async (state) => {
    const next = await reconcileFrom(FROM_START, run, state);
    if (next !== undefined) await run.ports.progress.save(next);
  });
}

/** The given hosts, as the stream reports them. */
export async function checkHosts(hosts: readonly HostFacts[], run: CheckRun): Promise<CheckSummary> {
  return orReconcileSoon(run, async (state) => {
    await checkPage(hosts, run, state);
    // The image of a stream record may be older than our own last write, which did not know of the change.
    for (let tries = 1; tries < LOOKS_MAX && state.disturbed.size > 0; tries += 1) {
      const ids = [...state.disturbed];
      state.disturbed.clear();
      const now = await eachBounded(ids, WIDTH, (id) => run.ports.inventory.get(id));
      await checkPage(
        now.flatMap((facts) => facts ?? []),
        run,
        state,
      );
    }
  });
}

/** A new row is in no index yet: what fails here is left to the next tick, by a reconcile that is not finished. */
async function orReconcileSoon(run: CheckRun, work: (state: State) => Promise<void>): Promise<CheckSummary> {
  const state = newState();
  try {
    await work(state);
    return await finish(run, state);
  } catch (error) {
    await run.ports.progress.save(FROM_START);
    throw error;
  }
}

/** Rows were deleted: their certificates live on without a host, which the ledger must say. */
export async function rowsDeleted(
  hosts: readonly HostFacts[],
  ports: CheckPorts,
  now: number,
): Promise<void> {
  for (const { hostId, attempt } of hosts)
    if (attempt?.intent !== undefined) await orphanIssued(hostId, attempt.id, ports, now);
  const arns = hosts.flatMap(({ certificate, attempt }) => [certificate?.arn, attempt?.issued?.arn]);
  for (const arn of new Set(arns)) {
    if (arn !== undefined) await ports.ledger.note(arn, 'orphaned', now);
  }
}

/** Returns where it stopped for lack of time; undefined at the end. */
async function reconcileFrom(cursor: string, run: CheckRun, state: State): Promise<string | undefined> {
  const after = cursor === FROM_START ? undefined : cursor;
  const next = await eachPage((from) => run.ports.inventory.all(from), after, run, state);
  if (next !== undefined) state.summary.complete = false;
  return next;
}

/** Returns where it stopped for lack of time; undefined at the end. */
async function eachPage(
  read: (after: string | undefined) => Promise<Page<HostFacts>>,
  from: string | undefined,
  run: CheckRun,
  state: State,
): Promise<string | undefined> {
  let after = from;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    if (page > 0 && !run.hasTime()) return after;
    const { items, next } = await read(after);
    for (let start = 0; start < items.length; start += PART) {
      await checkPage(items.slice(start, start + PART), run, state);
    }
    if (next === undefined) return undefined;
    after = next;
  }
  return after;
}

async function checkPage(hosts: readonly HostFacts[], run: CheckRun, state: State): Promise<void> {
  const { ports, policy, now } = run;
  state.summary.hosts += hosts.length;
  const decided: Decided[] = [];
  await eachApart(hosts, state, async (read) => {
    const facts = await completed(read, run);
    decided.push({ facts, decision: decide(facts, now, policy) });
  });
  const due = decided.filter(({ decision }) => DUE.includes(decision.action));
  const states =
    due.length === 0
      ? new Map<string, AgentState>()
      : await ports.nodes.states(due.map(({ facts }) => facts.hostId));
  const reachable = due.filter(({ facts }) => states.get(facts.hostId) === 'online');
  const startable = await withinFleetLimit(reachable.slice(0, roomFor(state, policy)), run, state);
  const messages: QueuedMessage[] = [];
  await eachApart(startable, state, async (host) => {
    messages.push(...(await start(host, run, state)));
  });
  await ports.queue.send(messages);
  await eachApart(decided, state, async ({ facts, decision }) => {
    const agent = states.get(facts.hostId);
    if (!DUE.includes(decision.action)) await settle(facts, decision, run, state);
    else if (agent !== 'online') await unreachable(facts, agent, run, state);
  });
}

/** A row without anything of ours may have been overwritten: the ledger knows what it has lost. */
async function completed(facts: HostFacts, { ports, policy, now }: CheckRun): Promise<HostFacts> {
  if (!isOverwritten(facts)) return facts;
  return applyChange(facts, restore(facts, await ports.ledger.ofHost(facts.hostId), policy, now));
}

/** Writes, and remembers a host whose row was another by then. What the ledger gave back is written along. */
async function write(
  facts: HostFacts,
  change: FactsChange,
  { ports, now }: CheckRun,
  { disturbed }: State,
): Promise<HostFacts | undefined> {
  const { revision, issuances } = facts;
  const restored = revision === undefined && issuances !== undefined ? { issuances } : {};
  const written = await ports.inventory.write(facts, { ...restored, ...change }, now);
  if (written === undefined) disturbed.add(facts.hostId);
  return written;
}

/** What fails for one host does not keep the others from their turn. */
async function eachApart<T>(
  items: readonly T[],
  { errors }: State,
  task: (item: T) => Promise<void>,
): Promise<void> {
  await eachBounded(items, WIDTH, async (item) => {
    try {
      await task(item);
    } catch (error) {
      errors.push(error);
    }
  });
}

interface Decided {
  readonly facts: HostFacts;
  readonly decision: Decision;
}

/** How many attempts can still be started in this run: their messages wait in the queue, for at most 900 s. */
function roomFor({ enqueued }: State, { startsPerSecond }: IssuancePolicy): number {
  return Math.max(0, Math.floor((DELAY_MAX - LOOK_AGAIN_SECONDS) * startsPerSecond) - enqueued);
}

/** What does not fit into the limit of the day stays due. Counted where the CA is asked, so failing hosts take no share. */
async function withinFleetLimit(
  hosts: readonly Decided[],
  run: CheckRun,
  state: State,
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
async function start({ facts, decision }: Decided, run: CheckRun, state: State): Promise<QueuedMessage[]> {
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
  state: State,
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

async function orphanIssued(hostId: string, attempt: string, ports: CheckPorts, now: number): Promise<void> {
  const entry = (await ports.ledger.ofHost(hostId)).find((candidate) => candidate.attempt === attempt);
  if (entry !== undefined) await ports.ledger.note(entry.certificateArn, 'orphaned', now);
}

/** Nothing is started. A decision to wait writes only what the index needs to ask again at the right time. */
async function settle(facts: HostFacts, decision: Decision, run: CheckRun, state: State): Promise<void> {
  count(state.summary, decision);
  const change = settlement(facts, decision, run);
  const written = change === undefined ? facts : await write(facts, change, run, state);
  if (written !== undefined && needsNotice(written, run.now, run.policy)) state.toNotify.push(written);
}

/** The row can be used again. */
function corrected(facts: HostFacts, now: number): FactsChange {
  return facts.failure?.reason === REASON.invalidRow ? recover(facts, now) : {};
}

function settlement(
  facts: HostFacts,
  decision: Decision,
  { now, policy }: CheckRun,
): FactsChange | undefined {
  if (decision.reason === REASON.invalidRow) {
    if (facts.failure?.rowHash === administratorHash(facts)) return undefined;
    const failed = fail(
      facts,
      { step: 'row', reason: REASON.invalidRow, message: decision.message },
      policy,
      now,
    );
    return { ...failed, nextCheckAt: null };
  }
  const over = corrected(facts, now);
  if (decision.nextCheckAt === undefined)
    return facts.nextCheckAt === undefined && over.failure === undefined
      ? undefined
      : { ...over, nextCheckAt: null };
  // Nothing is due any more, e.g. because the administrator took back what had failed.
  if (decision.reason === REASON.valid && facts.failure !== undefined) {
    return { nextCheckAt: decision.nextCheckAt, ...recover(facts, now) };
  }
  const stale = facts.nextCheckAt === undefined || facts.nextCheckAt <= now;
  return stale ? { nextCheckAt: decision.nextCheckAt } : undefined;
}

/** The agent of the host is offline, or there is no such host: no command, only a later look. */
async function unreachable(
  facts: HostFacts,
  agent: AgentState | undefined,
  run: CheckRun,
  state: State,
): Promise<void> {
  const { policy, now } = run;
  state.summary.unreachable += 1;
  const failed =
    agent === 'offline'
      ? { reason: FAILURE.agentOffline, message: 'the SSM agent of the host is not online' }
      : {
          reason: FAILURE.hostUnknown,
          message: `no managed node ${facts.hostId} is registered in this account and Region`,
        };
  const written = await write(facts, fail(facts, { step: 'contact', ...failed }, policy, now), run, state);
  if (written !== undefined && needsNotice(written, now, policy)) state.toNotify.push(written);
}

function newState(): State {
  const summary = {
    hosts: 0,
    started: 0,
    resumed: 0,
    redeployed: 0,
    running: 0,
    waiting: 0,
    backingOff: 0,
    held: 0,
    unreachable: 0,
    complete: true,
  };
  return { summary, toNotify: [], remarks: [], errors: [], disturbed: new Set(), enqueued: 0 };
}

async function finish(run: CheckRun, state: State): Promise<CheckSummary> {
  await publishDigest(state.toNotify, state.remarks, run);
  run.ports.telemetry.info('check ended', { ...state.summary });
  if (state.errors.length > 0) throw state.errors[0];
  return state.summary;
}

const COUNTER = {
  issue: 'started',
  resume: 'resumed',
  redeploy: 'redeployed',
  wait: 'waiting',
  backOff: 'backingOff',
  hold: 'held',
} as const;

function count(summary: CheckSummary, { action, reason }: Decision): void {
  summary[reason === REASON.attemptRunning ? 'running' : COUNTER[action]] += 1;
}
