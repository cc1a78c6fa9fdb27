/** Times are whole seconds since the epoch; these are their texts, always UTC. */

export const MINUTE = 60;
export const HOUR = 3_600;
export const DAY = 86_400;

/** `2026-11-22T14:05:00Z` */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** `2026-11-22 14:05:00`, the form of the attribute `expiry`. */
export function rowTime(seconds: number): string {
  return isoTime(seconds).replace('T', ' ').replace('Z', '');
}

/** `2026-11-22` */
export function utcDay(seconds: number): string {
  return isoTime(seconds).slice(0, 10);
}

/** Seconds since the epoch of the next UTC midnight. */
export function nextUtcDay(seconds: number): number {
  return (Math.floor(seconds / DAY) + 1) * DAY;
}

/** Reads `isoTime` back; undefined for anything else. */
export function parseIsoTime(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text)) return undefined;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}

/** A span for people: `3 d 4 h`, `25 min`, `40 s`. */
export function spanText(seconds: number): string {
  if (seconds >= DAY) {
    const hours = Math.floor((seconds % DAY) / HOUR);
    return `${String(Math.floor(seconds / DAY))} d${hours > 0 ? ` ${String(hours)} h` : ''}`;
  }
  if (seconds >= HOUR) {
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    return `${String(Math.floor(seconds / HOUR))} h${minutes > 0 ? ` ${String(minutes)} min` : ''}`;
  }
  return seconds >= MINUTE
    ? `${String(Math.floor(seconds / MINUTE))} min`
    : `${String(Math.max(0, Math.floor(seconds)))} s`;
}
