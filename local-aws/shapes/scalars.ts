/** Text of headers, paths, query strings, forms and XML, as the JSON that a shape describes. */
import type { Json } from '../platform.ts';
import { shapeOf } from './model.ts';
import type { ServiceModel } from './model.ts';

const NUMBERS: ReadonlySet<string> = new Set(['integer', 'long', 'float', 'double']);

/** Text that is not of the type stays text, which the check then complains about. */
export function fromText(service: ServiceModel, shapeName: string, text: string): Json {
  const { type, format } = shapeOf(service, shapeName);
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (NUMBERS.has(type)) return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
  if (type !== 'timestamp' || format === 'iso8601') return text;
  const at = Date.parse(text);
  return Number.isNaN(at) ? text : at / 1000;
}
