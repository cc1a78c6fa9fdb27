/** Faults of API calls: what happens to one call before it is carried out, and after. */
import { AwsError } from '../platform.ts';
import type { Caller } from '../platform.ts';
import type { Order } from './catalogue.ts';
import type { Faults } from './faults.ts';
import type { FunctionFaults } from './functions.ts';

/** The client gets no answer: the gateway drops the connection. Within this process it is an error like any other. */
export class ConnectionLost extends AwsError {
  constructor() {
    super('ConnectionLost', 'the connection was dropped (a fault of the local AWS)', 500);
  }
}

export interface ApiCall {
  readonly scope: string;
  /** The names that the operation goes by. */
  readonly operations: readonly string[];
  readonly caller: Caller;
  /** The caller as the call log names it. */
  readonly callerName: string;
}

/** To be called once the call took effect; throws when its answer is to be lost. */
export type AfterEffect = () => Promise<void>;

const nothing: AfterEffect = () => Promise.resolve();

/** Waits or throws as the faults say. */
export async function strikeCall(
  faults: Faults,
  functions: FunctionFaults,
  call: ApiCall,
): Promise<AfterEffect> {
  const killed = functions.called(call.caller);
  if (killed === 'before') throw new ConnectionLost();
  if (killed === undefined && !faults.on(...callFaults)) return nothing;
  const kind = `${call.scope}:${call.operations.at(-1) ?? ''} by ${call.callerName}`;
  const fits = (order: Order<'throttle'>): boolean => isMeant(order, call);
  const slow = faults.strike('delay', kind, fits);
  if (slow !== undefined) await pause(slow.order.ms);
  if (faults.strike('throttle', kind, fits) !== undefined) throw throttled(call.scope);
  const failure = faults.strike('error', kind, fits)?.order;
  if (failure?.when === 'before') throw failed(failure, call);
  const unheard = faults.strike('timeout', kind, fits);
  if (unheard !== undefined) {
    await pause(unheard.order.withholdMs);
    throw new ConnectionLost();
  }
  const unanswered = faults.strike('timeout-after-effect', kind, fits);
  return async () => {
    killed?.();
    if (failure !== undefined) throw failed(failure, call);
    if (unanswered !== undefined) await pause(unanswered.order.withholdMs);
    if (unanswered !== undefined || killed !== undefined) throw new ConnectionLost();
  };
}

const callFaults = ['delay', 'throttle', 'error', 'timeout', 'timeout-after-effect'] as const;

function isMeant(order: Order<'throttle'>, { scope, operations, callerName }: ApiCall): boolean {
  if (order.caller !== undefined && !callerName.includes(order.caller)) return false;
  if (order.operation === undefined) return true;
  const names = new Set([`${scope}:*`, ...operations, ...operations.map((name) => `${scope}:${name}`)]);
  return [order.operation].flat().some((name) => names.has(name));
}

/** How each service says "too fast" and "our fault", where it does not say ThrottlingException and InternalServerError. */
const throttlingErrors: Readonly<Record<string, readonly [code: string, status: number]>> = {
  s3: ['SlowDown', 503],
  sqs: ['RequestThrottled', 403],
  lambda: ['TooManyRequestsException', 429],
  sts: ['Throttling', 400],
  iam: ['Throttling', 400],
  sns: ['Throttling', 400],
};
const internalErrors: Readonly<Record<string, string>> = {
  s3: 'InternalError',
  sqs: 'InternalFailure',
  sns: 'InternalError',
  lambda: 'ServiceException',
  'acm-pca': 'InternalFailure',
};

function throttled(scope: string): AwsError {
  const [code, status] = throttlingErrors[scope] ?? ['ThrottlingException', 400];
  return new AwsError(code, 'Rate exceeded', status);
}

function failed(order: Order<'error'>, { scope, operations }: ApiCall): AwsError {
  const message = order.message ?? `${operations.at(-1) ?? scope} failed (a fault of the local AWS)`;
  const code = order.code ?? internalErrors[scope] ?? 'InternalServerError';
  return new AwsError(code, message, order.status ?? (order.code === undefined ? 500 : 400));
}

/** Real time: the client waits for real. */
function pause(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
