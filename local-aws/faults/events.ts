/** Faults that a best-effort, at-least-once, unordered event bus is allowed to have. */
import { z } from 'zod';
import { parseStrictly } from '../json-service.ts';
import type { BusEvent, Json, JsonObject } from '../platform.ts';
import type { FaultName } from './catalogue.ts';
import type { Faults } from './faults.ts';

export interface EventFate {
  /** How often it is delivered. */
  readonly copies: 0 | 1 | 2;
  readonly delayMs: number;
}

const durableSources: readonly string[] = ['aws.s3'];
const undisturbed: EventFate = { copies: 1, delayMs: 0 };

/** What becomes of one event. */
export function fateOf(faults: Faults, event: BusEvent): EventFate {
  if (!faults.on('lost-events', 'doubled-events', 'late-events', 'reordered-events')) return undisturbed;
  const { source, 'detail-type': detailType } = event;
  const kind = `${source} ${detailType}`;
  const isMeant = (order: {
    source?: string | string[] | undefined;
    detailType?: string | undefined;
  }): boolean =>
    [order.source ?? source].flat().includes(source) && (order.detailType ?? detailType) === detailType;
  const lost = faults.strike('lost-events', kind, (order) => {
    // AWS delivers these durably: they are lost only when a test names them.
    return isMeant(order) && (order.source !== undefined || !durableSources.includes(source));
  });
  if (lost !== undefined) return { copies: 0, delayMs: 0 };
  const doubled = faults.strike('doubled-events', kind, isMeant);
  const late = faults.strike('late-events', kind, isMeant);
  const shuffled = faults.strike('reordered-events', kind, isMeant);
  const shuffleMs = shuffled === undefined ? 0 : Math.round(shuffled.chance * shuffled.order.ms);
  return { copies: doubled === undefined ? 1 : 2, delayMs: (late?.order.ms ?? 0) + shuffleMs };
}

const bySource = z.strictObject({
  drop: z.array(z.string()).default([]),
  duplicate: z.array(z.string()).default([]),
  delay: z.record(z.string(), z.number().int().min(0)).default({}),
});

/** The short form for tests of the bus: whole sources, each fault replaced by what is given, so `{}` ends them all. */
export function setEventFaults(faults: Faults, body: JsonObject): Json {
  const { drop, duplicate, delay } = parseStrictly(bySource, body);
  const orders: Partial<Record<FaultName, Json>> = {
    'lost-events': drop.length > 0 && { source: drop },
    'doubled-events': duplicate.length > 0 && { source: duplicate },
    'late-events': Object.entries(delay).map(([source, ms]) => ({ source, ms })),
  };
  faults.set(orders);
  return { drop, duplicate, delay };
}
