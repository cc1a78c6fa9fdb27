/**
 * CertCheck: decides for each host what is due, claims an attempt in its row and enqueues it. It never talks to a host or
 * to the CA. Claim first, enqueue second: an attempt whose message was lost is found overdue by the tick.
 */
import { decide } from '../core/decide.ts';
import { applyChange } from '../core/facts.ts';
import type { HostFacts } from '../core/facts.ts';
import { isOverwritten, restore } from '../core/restore.ts';
import type { Page } from '../ports/inventory.ts';
import type { AgentState } from '../ports/managed-nodes.ts';
import { FROM_START } from '../ports/progress.ts';
import type { QueuedMessage } from '../ports/work-queue.ts';
import { eachBounded } from './bounded.ts';
import { eachApart, newState, WIDTH } from './check-run.ts';
import type { CheckPorts, CheckRun, CheckState, CheckSummary, Decided } from './check-run.ts';
import { publishDigest } from './digest.ts';
import { settle, unreachable } from './settle.ts';
import { orphanIssued, roomFor, start, withinFleetLimit } from './start-attempts.ts';

export type { CheckPorts, CheckRun, CheckSummary } from './check-run.ts';

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

async function continueReconcile(from: string, run: CheckRun, state: CheckState): Promise<void> {
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
async function orReconcileSoon(
  run: CheckRun,
  work: (state: CheckState) => Promise<void>,
): Promise<CheckSummary> {
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
async function reconcileFrom(cursor: string, run: CheckRun, state: CheckState): Promise<string | undefined> {
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
  state: CheckState,
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

async function checkPage(hosts: readonly HostFacts[], run: CheckRun, state: CheckState): Promise<void> {
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

async function finish(run: CheckRun, state: CheckState): Promise<CheckSummary> {
  await publishDigest(state.toNotify, state.remarks, run);
  run.ports.telemetry.info('check ended', { ...state.summary });
  if (state.errors.length > 0) throw state.errors[0];
  return state.summary;
}
