/** The controls of the faults: switching them on and off by name. */
import { z } from 'zod';
import { parseStrictly } from '../json-service.ts';
import type { JsonObject, Service } from '../platform.ts';
import type { Faults } from './faults.ts';

const seedShape = z.strictObject({ seed: z.number().int() });
/** One failing operation of one service, `times` once unless told: the form in which tests order a single failure. */
const singleShape = z.looseObject({ scope: z.string(), operation: z.string(), code: z.string() });

export function faultControls(faults: Faults): NonNullable<Service['controls']> {
  const off = (): JsonObject => {
    faults.clear();
    return faults.describe();
  };
  return {
    'GET /_local/faults': () => faults.describe(),
    'POST /_local/faults': (body) => {
      if (typeof body['scope'] === 'string') {
        const { scope, operation } = parseStrictly(singleShape, body);
        const { scope: _scope, ...order } = body;
        faults.add('error', { times: 1, ...order, operation: `${scope}:${operation}` });
      } else faults.set(body);
      return faults.describe();
    },
    'DELETE /_local/faults': off,
    'POST /_local/faults/clear': off,
    'POST /_local/faults/seed': (body) => {
      faults.reseed(parseStrictly(seedShape, body).seed);
      return faults.describe();
    },
  };
}
