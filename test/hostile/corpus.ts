import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { z } from 'zod';

const { texts } = z
  .object({ texts: z.array(z.string()) })
  .parse(JSON.parse(readFileSync(new URL('corpus.json', import.meta.url), 'utf8')));

/** The corpus, and 10,000 characters of each of two kinds. */
export const HOSTILE_TEXTS: readonly string[] = [...texts, 'a'.repeat(10_000), '/a'.repeat(5_000)];

/** A hostile text, or any other. */
export const hostileText = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

/** Any JSON value, with hostile texts in it: what a column of a table or a member of an event may hold. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.jsonValue(),
  fc.constantFrom(undefined, NaN, new Uint8Array(3), new Set(['a'])),
);
