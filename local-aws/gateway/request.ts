/** From Node's request to ours, and the refusal of what a web page could send. */
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../platform.ts';
import type { HttpRequest } from '../platform.ts';

const MAX_BODY_BYTES = 64 * 1024 * 1024;

export async function readRequest(incoming: IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('body too large');
    chunks.push(chunk);
  }
  const [path = '/', ...query] = (incoming.url ?? '/').split('?');
  return {
    method: incoming.method ?? 'GET',
    path,
    query: new URLSearchParams(query.join('?')),
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : (value ?? ''),
      ]),
    ),
    body: Buffer.concat(chunks),
  };
}

/**
 * A web page must not drive the local AWS. Browsers name the page in Origin; a page that made its own host name point to
 * 127.0.0.1 still sends that name in Host.
 */
export function refuseForeignOrigin(request: HttpRequest): void {
  if (request.headers['origin'] !== undefined) {
    throw new AwsError(
      'AccessDenied',
      'the local AWS does not answer web pages (the request has an Origin header)',
      403,
    );
  }
  const host = request.headers['host'] ?? '';
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (name === '127.0.0.1' || name === 'localhost' || name === '[::1]') return;
  throw new AwsError(
    'AccessDenied',
    `Host ${JSON.stringify(host)} is not a loopback name; for S3 use path-style addresses (forcePathStyle), the bucket as host name is not supported`,
    403,
  );
}
