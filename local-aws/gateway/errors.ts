/** Errors of the gateway in the protocol that the client speaks. */
import { randomUUID } from 'node:crypto';
import { AwsError } from '../platform.ts';
import type { HttpRequest, HttpResponse } from '../platform.ts';
import { isForm } from './operation-name.ts';
import { queryError } from './query-service.ts';
import { escapeXml } from './xml.ts';

/** Answers any thrown value. What is not an AwsError is a defect of the local AWS: it is told on stderr too. */
export function errorResponse(thrown: unknown, request: HttpRequest, scope: string): HttpResponse {
  const error = thrown instanceof AwsError ? thrown : internal(thrown, request);
  const requestId = randomUUID();
  if (scope === 's3') return s3Error(error, requestId);
  if (isForm(request)) return queryError(error, 'https://amazonaws.com/', requestId);
  return {
    status: error.status,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-errortype': error.code,
      'x-amzn-requestid': requestId,
    },
    body: JSON.stringify({ __type: error.code, message: error.message, ...error.members }),
  };
}

export function s3Error(error: AwsError, requestId: string): HttpResponse {
  const detail = `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>`;
  return {
    status: error.status,
    headers: {
      'content-type': 'application/xml',
      'x-local-error': error.code,
      'x-amz-request-id': requestId,
    },
    body: `<?xml version="1.0" encoding="UTF-8"?><Error>${detail}<RequestId>${requestId}</RequestId></Error>`,
  };
}

function internal(thrown: unknown, request: HttpRequest): AwsError {
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.stderr.write(`local AWS: ${request.method} ${request.path} failed: ${text}\n`);
  return new AwsError('InternalFailure', `a defect of the local AWS: ${text}`, 500);
}
