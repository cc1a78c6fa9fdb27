/**
 * Holds every request and every answer against the public models. A request that breaks them is refused as AWS refuses
 * it; an answer that breaks them is a defect of the local AWS and is told as such.
 */
import { AwsError } from '../platform.ts';
import type { HttpRequest, HttpResponse, JsonObject } from '../platform.ts';
import { createChecks } from './check.ts';
import type { Checks, Problem } from './check.ts';
import { decodeRequest, matchUri } from './decode-request.ts';
import type { Decoded } from './decode-request.ts';
import { decodeResponse } from './decode-response.ts';
import { commonErrors } from './errors.ts';
import { membersOf, readTable, shapeOf } from './model.ts';
import type { OperationEntry, ServiceModel, Table } from './model.ts';
import { fromText } from './scalars.ts';

export interface Shapes {
  /** The operation that method and path say, in services where they do. */
  operationAt(scope: string, request: HttpRequest): string | undefined;
  /** Throws what AWS answers to a request that the model does not allow. */
  request(scope: string, operation: string, request: HttpRequest): void;
  /** Throws when the answer, or the error in it, is none that the model allows. */
  response(scope: string, operation: string, response: HttpResponse): void;
  /** The same for a call between services, which has no wire. */
  input(scope: string, operation: string, input: JsonObject): void;
  output(scope: string, operation: string, output: JsonObject): void;
}

interface Known {
  readonly service: ServiceModel;
  readonly operation: OperationEntry;
  readonly checks: Readonly<Record<'input' | 'output', Checks>>;
}

export function createShapes(table: Table = readTable()): Shapes {
  const checks = new Map(
    Object.entries(table.services).map(([scope, service]) => [
      scope,
      { input: createChecks(service, 'input'), output: createChecks(service, 'output') },
    ]),
  );

  /** Undefined: no model knows it, and the service itself refuses it by name. */
  function find(scope: string, name: string): Known | undefined {
    const service = table.services[scope];
    const operation = service?.operations[name];
    const found = checks.get(scope);
    return service === undefined || operation === undefined || found === undefined
      ? undefined
      : { service, operation, checks: found };
  }

  function judge(
    known: Known,
    side: 'input' | 'output',
    value: JsonObject,
    unknown: readonly string[] = [],
  ): Problem[] {
    const problems: Problem[] = unknown.map((path) => ({ path, kind: 'unknown', text: 'is not known' }));
    const shape = known.operation[side];
    if (shape !== undefined) known.checks[side].of(shape)(value, '', problems);
    else if (side === 'output' || Object.keys(value).length === 0) return problems;
    else problems.push({ path: Object.keys(value).join(', '), kind: 'unknown', text: 'is not known' });
    return problems;
  }

  return {
    operationAt(scope, { method, path }) {
      const service = table.services[scope];
      if (service?.protocol !== 'rest-json') return undefined;
      return Object.entries(service.operations).find(
        ([, { http }]) => http[0] === method && matchUri(http[1], path) !== undefined,
      )?.[0];
    },
    request(scope, name, request) {
      const known = find(scope, name);
      if (known === undefined) return;
      const { input, unknown } = decoded(known.service, known.operation, request);
      refuse(known.service, name, judge(known, 'input', input, unknown));
    },
    response(scope, name, response) {
      const known = find(scope, name);
      if (known === undefined) return;
      if (response.status >= 400) {
        requireKnownError(known, name, response);
        return;
      }
      const wanted = known.operation.http[2] ?? 200;
      const output = decodeResponse(known.service, known.operation, name, response);
      const problems = judge(known, 'output', output);
      const saysStatus = membersOf(shapeOf(known.service, known.operation.output ?? '')).some(
        ([, { location }]) => location === 'statusCode',
      );
      if (response.status !== wanted && !saysStatus) {
        problems.push({
          path: 'status',
          kind: 'constraint',
          text: `is ${String(response.status)}, not ${String(wanted)}`,
        });
      }
      defect(scope, name, problems);
    },
    input(scope, name, input) {
      const known = find(scope, name);
      if (known === undefined) return;
      refuse(known.service, name, judge(known, 'input', inProcess(known, 'input', input)));
    },
    output(scope, name, output) {
      const known = find(scope, name);
      if (known !== undefined)
        defect(scope, name, judge(known, 'output', inProcess(known, 'output', output)));
    },
  };
}

function decoded(service: ServiceModel, operation: OperationEntry, request: HttpRequest): Decoded {
  try {
    return decodeRequest(service, operation, request);
  } catch (error) {
    throw new AwsError('SerializationException', error instanceof Error ? error.message : String(error));
  }
}

/** Without a wire, members of headers and paths are text, and a payload is whatever both sides agreed on. */
function inProcess(known: Known, side: 'input' | 'output', value: JsonObject): JsonObject {
  const shape = shapeOf(known.service, known.operation[side] ?? 'structure');
  const located = new Map(membersOf(shape).filter(([, { location }]) => location !== 'body'));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== shape.payload)
      .map(([name, one]) => {
        const member = located.get(name);
        return [
          name,
          member !== undefined && typeof one === 'string' ? fromText(known.service, member.shape, one) : one,
        ];
      }),
  );
}

function refuse(service: ServiceModel, name: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const found = problems.map(({ path, text }) => `'${path}' ${text}`).join('; ');
  const message = `${String(problems.length)} validation error${problems.length > 1 ? 's' : ''} detected in ${name}: ${found}`;
  if (service.protocol === 'rest-xml') {
    const unknown = problems.some(({ kind }) => kind === 'unknown');
    throw unknown ? new AwsError('NotImplemented', message, 501) : new AwsError('InvalidArgument', message);
  }
  if (service.protocol === 'query') throw new AwsError('ValidationError', message);
  if (service.target === 'AmazonSQS') throw sqsError(problems, message);
  const unreadable = problems.some(({ kind }) => kind === 'type');
  throw new AwsError(unreadable ? 'SerializationException' : 'ValidationException', message);
}

/** SQS kept the codes of its query protocol. */
function sqsError(problems: readonly Problem[], message: string): AwsError {
  const attribute = problems.some(
    ({ path, kind }) => kind === 'constraint' && path.startsWith('AttributeNames.'),
  );
  return new AwsError(attribute ? 'InvalidAttributeName' : 'InvalidParameterValue', message);
}

function requireKnownError({ service, operation }: Known, name: string, response: HttpResponse): void {
  const code = response.headers['x-local-error'] ?? response.headers['x-amzn-errortype'];
  // The answer to HEAD has no body, and so no code.
  if (code === undefined && operation.http[0] === 'HEAD') return;
  const modelled = operation.errors.includes(code ?? '') ? service.errors[code ?? ''] : undefined;
  const allowed = modelled === undefined ? commonErrors(service.protocol)[code ?? ''] : [modelled];
  if (allowed?.includes(response.status) === true) return;
  const text =
    allowed === undefined
      ? `error ${String(code)} is none that ${name} answers (${operation.errors.join(', ')} and the common ones)`
      : `error ${String(code)} has status ${allowed.join(' or ')}, not ${String(response.status)}`;
  throw new Error(`the answer breaks the public model: ${text}: ${response.body.toString().slice(0, 300)}`);
}

function defect(scope: string, name: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const found = problems.map(({ path, text }) => `'${path}' ${text}`).join('; ');
  throw new Error(`the answer of ${scope} ${name} breaks the public model: ${found}`);
}
