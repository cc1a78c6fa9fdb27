/**
 * A row that somebody overwrote with a bare put-item has lost everything but its id. What was issued for its host and
 * never came into use is still known to the ledger, and its key is still on the host: it is deployed, not issued again.
 */
import type { Attempt, FactsChange, HostFacts, IssuancePolicy } from './facts.ts';
import { deploymentHash, requestHash } from './hashes.ts';
import { utcDay } from './time.ts';

/** What is needed of an entry of the ledger. */
export interface KnownCertificate {
  readonly attempt: string;
  readonly publicKeyHash: string;
  readonly requestHash: string;
  readonly issuedAt: number;
  readonly notAfter: number;
  readonly outcome: string;
  readonly revokedAt?: number;
}

/** With less of its life left a certificate is not worth the try. */
const WORTH_FRACTION = 1 / 2;

/** Whether a row can have lost what was known of its host: certvend has never written it, or not since it was replaced. */
export function isOverwritten({ revision, certificate, attempt }: HostFacts): boolean {
  return revision === undefined && certificate === undefined && attempt === undefined;
}

/** What the ledger adds to such a row. `known`: the certificates of the host, the newest first. */
export function restore(
  facts: HostFacts,
  known: readonly KnownCertificate[],
  policy: IssuancePolicy,
  now: number,
): FactsChange {
  const day = utcDay(now);
  const count = known.filter(({ issuedAt }) => utcDay(issuedAt) === day).length;
  const attempt = undeployed(facts, known[0], policy, now);
  return {
    ...(count === 0 ? {} : { issuances: { day, count } }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}

/** The attempt of the newest certificate, parked, if that still says what is asked for. */
function undeployed(
  facts: HostFacts,
  newest: KnownCertificate | undefined,
  policy: IssuancePolicy,
  now: number,
): Attempt | undefined {
  if (newest?.outcome !== 'issued' || newest.revokedAt !== undefined) return undefined;
  if (newest.requestHash !== requestHash(facts.request)) return undefined;
  if (newest.notAfter - now < policy.validitySeconds * WORTH_FRACTION) return undefined;
  const { attempt: id, publicKeyHash, issuedAt } = newest;
  return {
    id,
    stage: 'issuing',
    startedAt: issuedAt,
    stageSince: issuedAt,
    requestHash: newest.requestHash,
    deploymentHash: deploymentHash(facts.deployment),
    resumes: 0,
    intent: { publicKeyHash, token: id, askedAt: issuedAt },
  };
}
