/** Reads what a function answers under ReportBatchItemFailures. */
import { z } from 'zod';

const responseShape = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
});

/** The identifiers that failed; `all` when the answer is malformed or names an item that was not in the batch. */
export function failedItems(payload: string, items: readonly string[]): ReadonlySet<string> | 'all' {
  const answer: unknown = JSON.parse(payload);
  if (answer === null || answer === undefined) return new Set();
  const parsed = responseShape.safeParse(answer);
  if (!parsed.success) return 'all';
  const failed = new Set((parsed.data.batchItemFailures ?? []).map((failure) => failure.itemIdentifier));
  return [...failed].every((id) => items.includes(id)) ? failed : 'all';
}
