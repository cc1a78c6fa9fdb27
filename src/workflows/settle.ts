/** What CertCheck writes for hosts for which it starts nothing. */
import type { Decision } from '../core/decide.ts';
import type { FactsChange, HostFacts } from '../core/facts.ts';
import { administratorHash } from '../core/hashes.ts';
import { needsNotice } from '../core/notices.ts';
import { FAILURE, REASON } from '../core/reasons.ts';
import { fail, recover } from '../core/transitions.ts';
import type { AgentState } from '../ports/managed-nodes.ts';
import { count, write } from './check-run.ts';
import type { CheckRun, CheckState } from './check-run.ts';

/** Nothing is started. A decision to wait writes only what the index needs to ask again at the right time. */
export async function settle(
  facts: HostFacts,
  decision: Decision,
  run: CheckRun,
  state: CheckState,
): Promise<void> {
  count(state.summary, decision);
  const change = settlement(facts, decision, run);
  const written = change === undefined ? facts : await write(facts, change, run, state);
  if (written !== undefined && needsNotice(written, run.now, run.policy)) state.toNotify.push(written);
}

/** The row can be used again. */
export function corrected(facts: HostFacts, now: number): FactsChange {
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
export async function unreachable(
  facts: HostFacts,
  agent: AgentState | undefined,
  run: CheckRun,
  state: CheckState,
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
