/** Node's HTTP server on the loopback interface, around a function from request to response. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { HttpRequest, HttpResponse } from '../platform.ts';
import { ConnectionLost } from '../faults/calls.ts';
import { errorResponse } from './errors.ts';
import { readRequest, refuseForeignOrigin } from './request.ts';

/** Answers one request of Node's server with what `route` makes of it. */
export function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  route: (request: HttpRequest) => Promise<HttpResponse>,
): void {
  readRequest(incoming)
    .then(async (request) => {
      try {
        refuseForeignOrigin(request);
        return await route(request);
      } catch (error) {
        if (error instanceof ConnectionLost) throw error;
        return errorResponse(error, request, 'local');
      }
    })
    .then((response) => {
      outgoing.writeHead(response.status, { ...response.headers, 'content-length': contentLength(response) });
      outgoing.end(incoming.method === 'HEAD' ? undefined : response.body);
    })
    .catch(() => {
      // The client went away while it was sending, or is to get no answer.
      outgoing.destroy();
    });
}

/** An answer to HEAD has no body but tells the length that GET would have. */
function contentLength(response: HttpResponse): string {
  return response.headers['content-length'] ?? String(Buffer.byteLength(response.body));
}

/** Resolves with the port once the server listens on the loopback interface. */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const busy = `port ${String(port)} on 127.0.0.1 is in use: stop the program that listens there, or choose another port`;
      reject(error.code === 'EADDRINUSE' ? new Error(busy) : error);
    });
    // Loopback only: administrators need no password here.
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Stops listening and cuts what is still open: long polls would hold it for seconds. */
export async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
