/**
 * The one loopback port of the local AWS. A request is routed by the service name in its signature's credential scope, as
 * AWS clients need no other address than `AWS_ENDPOINT_URL`. Everything under `/_local/` is a control for tests and people.
 */
import { createServer } from 'node:http';
import type { LocalClock } from '../clock.ts';
import type { LocalAccess } from '../iam/access.ts';
import { ConnectionLost, strikeCall } from '../faults/calls.ts';
import { createFaults } from '../faults/faults.ts';
import type { Faults } from '../faults/faults.ts';
import { createFunctionFaults } from '../faults/functions.ts';
import type { FunctionFaults } from '../faults/functions.ts';
import { AwsError } from '../platform.ts';
import type { Caller, HttpRequest, HttpResponse, Json, JsonObject, Platform, Service } from '../platform.ts';
import { checkedService } from '../shapes/checked-service.ts';
import { createShapes } from '../shapes/index.ts';
import { identify } from './caller.ts';
import { createCallLog, nameOf } from './call-log.ts';
import type { RecordedCall } from './call-log.ts';
import { gatewayControls } from './controls.ts';
import type { Control } from './controls.ts';
import { errorResponse } from './errors.ts';
import { operationOf } from './operation-name.ts';
import { answer, listen, stop } from './server.ts';
import { readSignature } from './signature.ts';
import type { WireLog } from './wire-log.ts';

export interface GatewayOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly clock: LocalClock;
  readonly access: LocalAccess;
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
  /** What is to go wrong; nothing by default. */
  readonly faults?: Faults;
  /** Where requests and answers are written down. */
  readonly wireLog?: WireLog | undefined;
  /** Which functions die in the middle of a call. */
  readonly functionFaults?: FunctionFaults;
}

export interface Gateway {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly port: number;
  register(service: Service): void;
  services(): readonly Service[];
  readonly call: Platform['call'];
  calls(): readonly RecordedCall[];
  /** Stops the server first, then every service (last registered first), then the clock. */
  close(): Promise<void>;
}

/** Starts listening at once; services may be registered afterwards. Rejects with one sentence when the port is taken. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { clock, access } = options;
  const services = new Map<string, Service>();
  const shapes = createShapes();
  const log = createCallLog();
  const faults = options.faults ?? createFaults();
  const functionFaults = options.functionFaults ?? createFunctionFaults(faults);
  const own = gatewayControls({ clock, access, log, faults, services: () => [...services.values()] });

  function serviceFor(scope: string): Service {
    const found = services.get(scope);
    if (found !== undefined) return found;
    const known = [...services.keys()].sort().join(', ');
    throw new AwsError('UnknownService', `the local AWS has no service ${scope}; it has ${known}`, 404);
  }

  function control(key: string): Control {
    const found =
      own[key] ??
      [...services.values()].map((service) => service.controls?.[key]).find((one) => one !== undefined);
    if (found === undefined) throw new AwsError('UnknownControl', `the local AWS has no control ${key}`, 404);
    return found;
  }

  async function api(request: HttpRequest): Promise<HttpResponse> {
    let scope = 'unknown';
    let caller: Caller | undefined;
    let operation = operationOf(request);
    let response: HttpResponse;
    try {
      const signature = readSignature(request);
      scope = signature?.scope ?? scope; // known before anything is verified: errors are told in the service's protocol
      caller = identify(request, signature, options);
      const service = serviceFor(scope);
      const names = [operation, service.operationName?.(request) ?? operation];
      operation = names[1] ?? operation;
      const struck = { scope, operations: names, caller, callerName: nameOf(caller) };
      const afterEffect = await strikeCall(faults, functionFaults, struck);
      response = await service.handle(request, caller);
      await afterEffect();
    } catch (error) {
      if (error instanceof ConnectionLost) {
        const entry = { at: clock.now(), scope, operation, caller: nameOf(caller) };
        log.add({ ...entry, status: 0, error: error.code });
        throw error;
      }
      response = errorResponse(error, request, scope);
    }
    const { 'x-local-operation': named, 'x-local-error': failure, ...headers } = response.headers;
    const error = response.status < 400 ? undefined : (failure ?? headers['x-amzn-errortype'] ?? 'Error');
    log.add({
      at: clock.now(),
      scope,
      operation: named ?? operation,
      caller: nameOf(caller),
      status: response.status,
      ...(error === undefined ? {} : { error }),
    });
    return { ...response, headers };
  }

  const call: Platform['call'] = async (caller, scope, operation, input) => {
    const entry = { at: clock.now(), scope, operation, caller: nameOf(caller) };
    try {
      const struck = { scope, operations: [operation], caller, callerName: entry.caller };
      const afterEffect = await strikeCall(faults, functionFaults, struck);
      const output = await serviceFor(scope).call(operation, input, caller);
      await afterEffect();
      log.add({ ...entry, status: 200 });
      return output;
    } catch (error) {
      const known = error instanceof AwsError;
      log.add({
        ...entry,
        status: known ? error.status : 500,
        error: known ? error.code : 'InternalFailure',
      });
      throw error;
    }
  };

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, (request) =>
      request.path.startsWith('/_local/') ? local(request) : onTheWire(request),
    );
  });

  function onTheWire(request: HttpRequest): Promise<HttpResponse> {
    const { wireLog } = options;
    return wireLog === undefined ? api(request) : wireLog.record(request, () => api(request));
  }

  async function local(request: HttpRequest): Promise<HttpResponse> {
    try {
      const run = control(`${request.method} ${request.path}`);
      return json(200, await run(controlInput(request)));
    } catch (error) {
      return errorResponse(error, request, 'local');
    }
  }

  const port = await listen(server, options.port ?? 0);
  return {
    endpoint: `http://127.0.0.1:${String(port)}`,
    port,
    register(service) {
      if (services.has(service.scope)) throw new Error(`service ${service.scope} is registered already`);
      services.set(service.scope, checkedService(service, shapes));
    },
    services: () => [...services.values()],
    call,
    calls: () => log.list(),
    async close() {
      await stop(server);
      for (const service of [...services.values()].reverse()) await service.close?.();
      clock.close();
      options.wireLog?.close();
    },
  };
}

function controlInput(request: HttpRequest): JsonObject {
  if (request.method === 'GET') return Object.fromEntries(request.query);
  if (request.body.length === 0) return {};
  const parsed: Json = JSON.parse(request.body.toString('utf8')) as Json; // JSON.parse gives JSON; only its type says less.
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new AwsError('ValidationException', 'the body of a control is a JSON object');
}

function json(status: number, body: Json): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
