/** Spans of time as people write them in settings: a whole number and a unit, e.g. `15m`, `48h`, `2d`. */

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** Seconds of `15m`, `48h` or `2d`; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9]\d{0,5})([mhd])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Seconds of a duration that the settings' schema has accepted. */
export function seconds(duration: string): number {
  const parsed = parseDuration(duration);
  if (parsed === undefined) {
    throw new Error(
      `duration ${JSON.stringify(duration)} is not a number with m, h or d, e.g. 48h; check the settings first`,
    );
  }
  return parsed;
}

/** Hours for a message, without needless digits: `56`, `55.8`. */
export function hoursText(spanSeconds: number): string {
  return String(Math.round((spanSeconds / 3_600) * 10) / 10);
}
