/** The little XML that the query protocol and S3 need, written by hand because it only ever goes out. */
import type { Json } from '../platform.ts';

export function escapeXml(text: string): string {
  // Control characters other than tab and line breaks do not exist in XML 1.0.
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\r/g, '&#13;');
}

/** One element per member; lists become `<member>`s, members named in `maps` become `<entry>`s. */
export function toXml(value: Json, maps: ReadonlySet<string>): string {
  if (value === null) return '';
  if (typeof value !== 'object') return escapeXml(String(value));
  if (Array.isArray(value)) return value.map((item) => `<member>${toXml(item, maps)}</member>`).join('');
  return Object.entries(value)
    .map(([name, member]) => {
      const isMap = maps.has(name) && typeof member === 'object' && member !== null;
      const content = isMap ? entries(Object.entries(member), maps) : toXml(member, maps);
      return `<${name}>${content}</${name}>`;
    })
    .join('');
}

function entries(pairs: readonly [string, Json][], maps: ReadonlySet<string>): string {
  return pairs
    .map(([key, value]) => `<entry><key>${escapeXml(key)}</key><value>${toXml(value, maps)}</value></entry>`)
    .join('');
}
