/** The kinds of values that settings have, and how their ranges are told to people. */
import { z } from 'zod';
import { parseDuration } from './durations.ts';

export const SIGNING_ALGORITHMS = [
  'SHA256WITHRSA',
  'SHA384WITHRSA',
  'SHA512WITHRSA',
  'SHA256WITHECDSA',
  'SHA384WITHECDSA',
  'SHA512WITHECDSA',
] as const;

export const PATH_ALLOWED =
  'an absolute directory such as /etc/certvend: letters, digits and . _ - between slashes, no . or .. part, at most 200 characters';
export const DURATION_ALLOWED = 'a whole number with m, h or d, e.g. 48h';

/** What `-c` passes is text; a number or boolean in it is read as such, anything else is left for the check to refuse. */
const number = (check: z.ZodNumber): z.ZodType<number> =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value),
    check,
  );
export const integer = (least: number, most: number): z.ZodType<number> =>
  number(z.int().min(least).max(most));
export const boolean = (): z.ZodType<boolean> =>
  z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean());
export const duration = (least: number, most: number): z.ZodType<string> =>
  z.string().refine((text) => {
    const parsed = parseDuration(text);
    return parsed !== undefined && parsed >= least && parsed <= most;
  });
/** Within what the command documents allow. */
export const path = (): z.ZodType<string> =>
  z
    .string()
    .max(200)
    .regex(/^(\/[.]{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/);
export const subjectPart = (): z.ZodType<string> =>
  z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9 .,'()+/:=?_-]{0,62}[A-Za-z0-9.)])?$/);
export const fraction = (): z.ZodType<number> =>
  z.preprocess((value) => {
    const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(?:\/(\d+))?$/.exec(value) : null;
    return match === null ? value : Number(match[1]) / Number(match[2] ?? 1);
  }, z.number().min(0.1).max(0.95));
export const endpoint = (): z.ZodType<string> =>
  z.string().regex(/^(|https:\/\/[A-Za-z0-9.-]+(:\d+)?|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?)$/);
