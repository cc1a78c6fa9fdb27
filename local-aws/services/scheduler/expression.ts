/** Schedule expressions: when does a schedule fire next? Times in UTC, cron in the six-field form of AWS. */

export type NextTime = (afterMs: number) => number;

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const MINUTE = 60_000;
/** A cron expression that names no day within this time is taken for a mistake. */
const SEARCH_LIMIT_MS = 5 * 366 * 86_400_000;

/** `rate(15 minutes)` or `cron(0 3 * * ? *)`; everything else is refused by name. */
export function parseExpression(expression: string): NextTime {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate !== null) {
    const step = Number(rate[1]) * (UNITS[rate[2] ?? ''] ?? 0);
    if (step === 0) throw new Error(`schedule expression ${expression}: the rate must be positive`);
    return (after) => after + step;
  }
  const cron = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$/.exec(expression);
  if (cron === null) throw new Error(`schedule expression ${expression} is not modelled`);
  return parseCron(expression, cron.slice(1));
}

function parseCron(expression: string, fields: readonly string[]): NextTime {
  const [minutes, hours, days, months, weekdays, years] = fields.map((field) =>
    parseField(expression, field),
  );
  const matches = (date: Date): boolean =>
    minutes?.(date.getUTCMinutes()) === true &&
    hours?.(date.getUTCHours()) === true &&
    days?.(date.getUTCDate()) === true &&
    months?.(date.getUTCMonth() + 1) === true &&
    weekdays?.(date.getUTCDay() + 1) === true &&
    years?.(date.getUTCFullYear()) === true;
  return (after) => {
    let at = Math.floor(after / MINUTE) * MINUTE + MINUTE;
    for (const end = at + SEARCH_LIMIT_MS; at < end; at += MINUTE) {
      if (matches(new Date(at))) return at;
    }
    throw new Error(`schedule expression ${expression} never fires`);
  };
}

/** `*`, `?`, numbers, lists, ranges and steps; names of days and months and the signs L, W and # are refused. */
function parseField(expression: string, field: string): (value: number) => boolean {
  if (field === '*' || field === '?') return () => true;
  const parts = field.split(',').map((part) => {
    const match = /^(?:(\*|\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) throw new Error(`schedule expression ${expression}: field ${field} is not modelled`);
    const from = match[1] === '*' ? 0 : Number(match[1]);
    const step = match[3] === undefined ? 1 : Number(match[3]);
    const open = match[1] === '*' || match[3] !== undefined;
    const to = match[2] !== undefined ? Number(match[2]) : open ? Number.POSITIVE_INFINITY : from;
    return (value: number): boolean => value >= from && value <= to && (value - from) % step === 0;
  });
  return (value) => parts.some((matches) => matches(value));
}
