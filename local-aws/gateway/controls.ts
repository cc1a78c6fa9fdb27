/** The controls of the gateway itself: clock, call log, authorization log, policies, faults. */
import { z } from 'zod';
import type { LocalClock } from '../clock.ts';
import { faultControls } from '../faults/controls.ts';
import type { Faults } from '../faults/faults.ts';
import type { LocalAccess } from '../iam/access.ts';
import { parseStrictly } from '../json-service.ts';
import type { Json, JsonObject, Service } from '../platform.ts';
import type { CallLog } from './call-log.ts';

export type Control = NonNullable<Service['controls']>[string];

const advance = z.strictObject({ advanceMs: z.number().int().nonnegative() });
const after = z.strictObject({ after: z.coerce.number().int().optional() });
const enforcement = z.strictObject({ enforce: z.boolean() });

export function gatewayControls(parts: {
  readonly clock: LocalClock;
  readonly access: LocalAccess;
  readonly log: CallLog;
  readonly faults: Faults;
  readonly services: () => readonly Service[];
}): Readonly<Record<string, Control>> {
  const { clock, access, log, faults, services } = parts;
  const time = (): JsonObject => ({ now: clock.now(), offsetMs: clock.offset() });
  const offered = (): Json =>
    services().map(({ scope, operations = [], resources = {}, controls = {} }) => ({
      scope,
      operations: [...operations].sort(),
      types: Object.keys(resources).sort(),
      controls: Object.keys(controls).sort(),
    }));
  return {
    'GET /_local/services': offered,
    'GET /_local/clock': time,
    'POST /_local/clock': (body) => {
      clock.advance(parseStrictly(advance, body).advanceMs);
      return time();
    },
    'GET /_local/calls': (body) =>
      log.list(parseStrictly(after, body).after).map((call): Json => ({ ...call })),
    'GET /_local/authorizations': () =>
      access.log.list().map((entry): Json => ({ ...entry, context: { ...entry.context } })),
    'POST /_local/authorizations': (body) => {
      const { enforce } = parseStrictly(enforcement, body);
      access.setEnforced(enforce);
      return { enforce };
    },
    ...faultControls(faults),
    'GET /_local/resource-policies': () => access.resourcePolicies().map((policy): Json => ({ ...policy })),
    'GET /_local/policies': () =>
      access.directory.list().map((role): Json => ({ ...role, policies: { ...role.policies } })),
  };
}
