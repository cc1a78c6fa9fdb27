import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import type { Identifiers } from '../ports/identifiers.ts';

/** The only place in the product that draws random identifiers. */
export const randomIdentifiers: Identifiers = {
  newAttempt: (now) => ulid(now * 1000),
  newRevision: () => randomUUID(),
};
