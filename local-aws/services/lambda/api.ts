/** Lambda's operations. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { operation, restJson } from '../../json-service.ts';
import type { Operation, Route } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { Authorization, JsonObject, Platform, Service } from '../../platform.ts';
import type { AsyncInvoker } from './async-invoke.ts';
import { functionArn } from './function.ts';
import type { LambdaFunction } from './function.ts';
import { invokedFunction, invokeOverHttp } from './invoke-http.ts';

export interface Registry {
  /** By name, ARN or partial ARN; throws ResourceNotFoundException. */
  find(nameOrArn: string): LambdaFunction;
  all(): readonly LambdaFunction[];
}

const LOG_TAIL_BYTES = 4096;

const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '/2015-03-31/functions',
    operation: 'ListFunctions',
    query: { MaxItems: 'MaxItems' },
  },
  { method: 'GET', path: '/2015-03-31/functions/{FunctionName}', operation: 'GetFunction' },
  {
    method: 'GET',
    path: '/2015-03-31/functions/{FunctionName}/configuration',
    operation: 'GetFunctionConfiguration',
  },
];

/** `FunctionName` may be a name or an ARN, with or without the qualifier `$LATEST`. */
export function functionName(nameOrArn: string): string {
  const parts = nameOrArn.split(':');
  const at = parts.lastIndexOf('function');
  const [name = '', qualifier = '$LATEST'] = at === -1 ? parts : parts.slice(at + 1);
  if (qualifier !== '$LATEST')
    throw new AwsError('ResourceNotFoundException', `Function not found: ${nameOrArn}`, 404);
  return name;
}

export function createLambdaApi(
  platform: Platform,
  registry: Registry,
  asynchronous: AsyncInvoker,
  rest: Partial<Service>,
): Service {
  const operations = createOperations(platform, registry, asynchronous);
  const service = restJson({ scope: 'lambda', routes, operations, access: platform.access, rest });
  return {
    ...service,
    async handle(request, caller) {
      const invoked = invokedFunction(request);
      return invoked === undefined
        ? service.handle(request, caller)
        : invokeOverHttp(service, invoked, request, caller);
    },
  };
}

function createOperations(
  platform: Platform,
  registry: Registry,
  asynchronous: AsyncInvoker,
): Readonly<Record<string, Operation>> {
  const on = (action: string, name: string): Authorization[] => [
    { action: `lambda:${action}`, resource: functionArn(platform, functionName(name)) },
  ];
  const named = z.strictObject({ FunctionName: z.string() });
  return {
    Invoke: operation({
      input: z.strictObject({
        FunctionName: z.string(),
        InvocationType: z.enum(['RequestResponse', 'Event', 'DryRun']).default('RequestResponse'),
        LogType: z.enum(['None', 'Tail']).default('None'),
        Qualifier: z.literal('$LATEST').optional(),
        Payload: z.string().default('{}'),
      }),
      needs: ({ FunctionName }) => on('InvokeFunction', FunctionName),
      async run({ FunctionName, InvocationType, LogType, Payload }) {
        const fn = registry.find(FunctionName);
        const { functionPayloadBytes, asynchronousPayloadBytes } = LIMITS;
        const most = InvocationType === 'Event' ? asynchronousPayloadBytes : functionPayloadBytes;
        const payload = checkedPayload(Payload, most.value);
        if (InvocationType === 'DryRun') return { StatusCode: 204 };
        if (InvocationType === 'Event') {
          asynchronous.enqueue(() => registry.find(FunctionName), payload);
          return { StatusCode: 202 };
        }
        const outcome = await fn.run({ requestId: randomUUID(), payload });
        return {
          StatusCode: 200,
          ExecutedVersion: '$LATEST',
          Payload: outcome.ok ? outcome.payload : JSON.stringify(outcome.error),
          ...(outcome.ok ? {} : { FunctionError: 'Unhandled' }),
          ...(LogType === 'Tail'
            ? { LogResult: Buffer.from(outcome.logs).subarray(-LOG_TAIL_BYTES).toString('base64') }
            : {}),
        };
      },
    }),
    ListFunctions: operation({
      input: z.strictObject({ MaxItems: z.string().optional() }),
      needs: () => [{ action: 'lambda:ListFunctions', resource: '*' }],
      run: () => ({ Functions: registry.all().map(configuration) }),
    }),
    GetFunction: operation({
      input: named,
      needs: ({ FunctionName }) => on('GetFunction', FunctionName),
      run: ({ FunctionName }) => ({ Configuration: configuration(registry.find(FunctionName)) }),
    }),
    GetFunctionConfiguration: operation({
      input: named,
      needs: ({ FunctionName }) => on('GetFunctionConfiguration', FunctionName),
      run: ({ FunctionName }) => configuration(registry.find(FunctionName)),
    }),
  };
}

function checkedPayload(payload: string, most: number): string {
  if (Buffer.byteLength(payload) > most) {
    throw new AwsError('RequestTooLargeException', `the payload is larger than ${String(most)} bytes`, 413);
  }
  if (payload === '') return '{}';
  try {
    JSON.parse(payload);
    return payload;
  } catch {
    throw new AwsError('InvalidRequestContentException', 'Could not parse request body into json');
  }
}

function configuration({ name, arn, properties }: LambdaFunction): JsonObject {
  return {
    FunctionName: name,
    FunctionArn: arn,
    Role: properties.Role,
    Runtime: properties.Runtime,
    Handler: properties.Handler,
    Timeout: properties.Timeout,
    MemorySize: properties.MemorySize,
    Version: '$LATEST',
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: properties.Architectures ?? ['x86_64'],
    Environment: { Variables: properties.Environment?.Variables ?? {} },
  };
}
