import type { FactsChange, HostFacts, IssuancePolicy } from '../core/facts.ts';
import { digest } from '../core/notices.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Notices } from '../ports/notices.ts';
import { eachBounded } from './bounded.ts';

/**
 * One digest for all hosts of a check, then the note in each row that it was sent. A crash in between sends it twice,
 * which is better than not at all.
 */
export async function publishDigest(
  hosts: readonly HostFacts[],
  remarks: readonly string[],
  run: {
    readonly ports: { readonly inventory: Inventory; readonly notices: Notices };
    readonly policy: IssuancePolicy;
    readonly now: number;
  },
): Promise<void> {
  const { ports, policy, now } = run;
  const failing = hosts.flatMap(({ hostId, failure, certificate }) =>
    failure === undefined
      ? []
      : [{ hostId, failure, ...(certificate === undefined ? {} : { notAfter: certificate.notAfter }) }],
  );
  const recovered = hosts.flatMap(({ hostId, failure, recovery }) =>
    failure !== undefined || recovery === undefined ? [] : [{ hostId, recovery }],
  );
  if (failing.length === 0 && recovered.length === 0 && remarks.length === 0) return;
  await ports.notices.publish(digest({ failing, recovered, remarks }, policy, now));
  await eachBounded(hosts, 10, (facts) => noteTold(facts, ports.inventory, now));
}

/** A row that changed meanwhile is read once more; the note belongs to what was told, not to another failure. */
async function noteTold(told: HostFacts, inventory: Inventory, now: number): Promise<void> {
  let facts: HostFacts | undefined = told;
  for (let tries = 0; tries < 3 && facts?.failure?.reason === told.failure?.reason; tries += 1) {
    if (facts === undefined) return;
    const change: FactsChange = {
      ...(facts.failure === undefined ? {} : { failure: { ...facts.failure, notifiedAt: now } }),
      ...(facts.recovery === undefined ? {} : { recovery: null }),
    };
    if ((await inventory.write(facts, change, now)) !== undefined) return;
    facts = await inventory.get(told.hostId);
  }
}
