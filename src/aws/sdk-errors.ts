/** From errors of the AWS SDK to ours; no adapter lets an SDK error out. */
import { CertvendError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';

const THROTTLED =
  /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|SlowDown|RateExceeded/;
const DENIED = /AccessDenied|NotAuthorized|UnauthorizedOperation/;

/** The exception's name as the service spells it, e.g. `InvalidInstanceId`. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** `codes`: error names of this service that mean something to us. Anything unknown may pass: `Unavailable`. */
export function translate(
  call: string,
  error: unknown,
  codes: Readonly<Record<string, ErrorCode>> = {},
): CertvendError {
  if (error instanceof CertvendError) return error;
  const name = errorName(error);
  const text = error instanceof Error ? error.message.slice(0, 300) : String(error).slice(0, 300);
  return new CertvendError(codeOf(name, codes), `${call}: ${name}: ${text}`, { cause: error });
}

function codeOf(name: string, codes: Readonly<Record<string, ErrorCode>>): ErrorCode {
  const known = Object.hasOwn(codes, name) ? codes[name] : undefined;
  if (known !== undefined) return known;
  if (THROTTLED.test(name)) return 'Throttled';
  return DENIED.test(name) ? 'AccessDenied' : 'Unavailable';
}

/** Runs one call of the SDK; its error, if any, comes out translated. */
export async function calling<T>(
  call: string,
  run: () => Promise<T>,
  codes?: Readonly<Record<string, ErrorCode>>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw translate(call, error, codes);
  }
}
