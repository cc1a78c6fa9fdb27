/**
 * What went over the wire, for people: one JSON object per line for each request and its answer. Nothing in it lets anyone
 * act as somebody else: signatures, secret keys, session tokens and private keys are masked.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { HttpRequest, HttpResponse } from '../platform.ts';

export interface WireLog {
  /** Runs one request and writes it down with its answer; `run` may reject when the connection is dropped. */
  record(request: HttpRequest, run: () => Promise<HttpResponse>): Promise<HttpResponse>;
  close(): void;
}

const MASK = '***';
const SECRET_NAMES =
  'SecretAccessKey|SessionToken|ActivationCode|X-Amz-Security-Token|X-Amz-Signature|Signature';
/** A member of JSON (also of JSON inside a JSON string), an element of XML, a part of a header or of a query. */
const SECRET_VALUE = new RegExp(`\\b(${SECRET_NAMES})(\\\\*"?\\s*[:=>]\\s*\\\\*"?)[^"\\\\<>&,\\s]+`, 'gi');
const PRIVATE_KEY = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----/gs;

/** The text without its secrets. */
export function masked(text: string): string {
  return text
    .replace(PRIVATE_KEY, `-----BEGIN $1PRIVATE KEY-----${MASK}-----END $1PRIVATE KEY-----`)
    .replace(SECRET_VALUE, `$1$2${MASK}`);
}

/** Appends to the file, which only its owner can read. Throws one sentence when it cannot be written. */
export function openWireLog(file: string, now: () => number): WireLog {
  const descriptor = open(file);
  const write = (entry: object): void => {
    writeSync(descriptor, `${JSON.stringify(entry)}\n`);
  };
  return {
    async record(request, run) {
      const begun = performance.now();
      const query = request.query.toString();
      const sent = {
        at: new Date(now()).toISOString(),
        method: request.method,
        path: `${request.path}${query === '' ? '' : `?${masked(query)}`}`,
        headers: maskedHeaders(request.headers),
        body: bodyText(request.body),
      };
      const took = (): number => Math.round(performance.now() - begun);
      try {
        const response = await run();
        const { status, headers, body } = response;
        write({ ...sent, ms: took(), status, answerHeaders: maskedHeaders(headers), answer: bodyText(body) });
        return response;
      } catch (error) {
        write({
          ...sent,
          ms: took(),
          status: 0,
          answer: error instanceof Error ? error.message : 'no answer',
        });
        throw error;
      }
    },
    close: () => {
      closeSync(descriptor);
    },
  };
}

function open(file: string): number {
  try {
    return openSync(file, 'a', 0o600);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the wire log ${file} cannot be written: ${reason}`);
  }
}

function maskedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      name === 'x-amz-security-token' ? MASK : masked(value),
    ]),
  );
}

/** Text as it is; bytes that are no text only by their number. */
function bodyText(body: string | Buffer): string {
  if (typeof body === 'string') return masked(body);
  const text = body.toString('utf8');
  return text.includes('\uFFFD') ? `(${String(body.length)} bytes that are no text)` : masked(text);
}
