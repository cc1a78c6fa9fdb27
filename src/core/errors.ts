/**
 * Errors that certvend raises. `code` is stable and may be matched by scripts and alarms; `retryable` says whether the
 * same call can succeed later without anybody changing anything.
 */
export type ErrorCode =
  | 'Throttled'
  | 'Unavailable'
  /** A row changed between reading and writing; read it again. */
  | 'Conflict'
  | 'AccessDenied'
  | 'NotFound'
  | 'InvalidHost'
  | 'InvalidRequest'
  | 'InvalidMessage'
  | 'InvalidCrl'
  | 'InvalidCertificate';

const RETRYABLE: readonly ErrorCode[] = ['Throttled', 'Unavailable', 'Conflict'];

export class CertvendError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;

  /** `message`: what was got, what is allowed, what to do; never key material or credentials. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CertvendError';
    this.code = code;
    this.retryable = RETRYABLE.includes(code);
  }
}

/** Whether `error` is one of ours with this code. */
export function isCertvendError(error: unknown, code: ErrorCode): error is CertvendError {
  return error instanceof CertvendError && error.code === code;
}
