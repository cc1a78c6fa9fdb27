/** The name of the operation for the call log, read from the wire the way each protocol says it. */
import type { HttpRequest } from '../platform.ts';

export function operationOf(request: HttpRequest): string {
  const target = request.headers['x-amz-target'];
  if (target !== undefined) return target.split('.').at(-1) ?? target;
  if (isForm(request)) {
    const action = new URLSearchParams(request.body.toString('utf8')).get('Action');
    if (action !== null) return action;
  }
  return request.query.get('Action') ?? `${request.method} ${request.path}`;
}

export function isForm(request: HttpRequest): boolean {
  return request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
}
