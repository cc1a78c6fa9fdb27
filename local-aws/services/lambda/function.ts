/** One deployed function: its code, its role's credentials, its environments and where its output goes. */
import { randomBytes } from 'node:crypto';
import type { FunctionFaults } from '../../faults/functions.ts';
import { AwsError } from '../../platform.ts';
import type { Caller, Platform } from '../../platform.ts';
import { roleCaller } from '../events/target.ts';
import type { LogStore } from '../logs/store.ts';
import { startEnvironment } from './environment.ts';
import type { Environment, Invocation, Outcome } from './environment.ts';
import { createPool } from './pool.ts';
import type { Pool } from './pool.ts';
import type { FunctionProperties } from './resources.ts';

export interface LambdaFunction {
  readonly name: string;
  readonly arn: string;
  readonly properties: FunctionProperties;
  /** The session that the function's own calls, and those of its event sources, are made in. */
  readonly caller: Caller;
  run(invocation: Invocation): Promise<Outcome>;
  close(): Promise<void>;
}

/** Lambda itself starts at most this many at once here: more than two cores can use, few enough to stay quick. */
export const CONCURRENCY = 5;
const ENVIRONMENT_MAX_AGE_MS = 2 * 3_600_000;
// Lambda renews the credentials of a running environment's successor in time; a jump of the clock by weeks in the
// middle of an invocation must not do what time itself cannot do in AWS.
const CREDENTIALS_LIFETIME_MS = 10 * 365 * 86_400_000;

export function createFunction(options: {
  readonly platform: Platform;
  readonly clock: SharedArrayBuffer;
  readonly logs: LogStore;
  readonly name: string;
  readonly codeDirectory: string;
  readonly properties: FunctionProperties;
  readonly faults?: FunctionFaults | undefined;
}): LambdaFunction {
  const { platform, name, properties } = options;
  const arn = functionArn(platform, name);
  const verdict = platform.access.mayAssume(properties.Role, 'lambda.amazonaws.com', 'sts:AssumeRole', {});
  if (!verdict.allowed) {
    const message = `The role defined for the function cannot be assumed by Lambda: ${verdict.reason}`;
    throw new AwsError('InvalidParameterValueException', message);
  }
  const caller = roleCaller(properties.Role, name);
  const pool: Pool = createPool({
    limit: Math.min(CONCURRENCY, properties.ReservedConcurrentExecutions ?? CONCURRENCY),
    maxAgeMs: ENVIRONMENT_MAX_AGE_MS,
    now: () => platform.clock.now(),
    start: () => start(options, arn, caller),
  });
  return {
    name,
    arn,
    properties,
    caller,
    run: (invocation) => pool.run(invocation),
    close: () => pool.close(),
  };
}

export function functionArn(platform: Platform, name: string): string {
  return `arn:${platform.partition}:lambda:${platform.region}:${platform.accountId}:function:${name}`;
}

function start(
  { platform, clock, logs, name, codeDirectory, properties, faults }: Parameters<typeof createFunction>[0],
  arn: string,
  caller: Caller,
): Environment {
  const logGroup = properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`;
  const day = new Date(platform.clock.now()).toISOString().slice(0, 10).replaceAll('-', '/');
  const logStream = `${day}/[$LATEST]${randomBytes(16).toString('hex')}`;
  const mayLog = allowed(() => {
    const resource = `arn:${platform.partition}:logs:${platform.region}:${platform.accountId}:log-group:${logGroup}:log-stream:${logStream}`;
    const actions = ['logs:CreateLogStream', 'logs:PutLogEvents'];
    platform.access.authorize(
      caller,
      actions.map((action) => ({ action, resource })),
    );
  });
  if (properties.TracingConfig?.Mode === 'Active') {
    // As in AWS, a function that may not trace runs all the same.
    allowed(() => {
      platform.access.authorize(caller, [{ action: 'xray:PutTraceSegments', resource: '*' }]);
    });
  }
  const lines = lineBuffer((message) => {
    if (mayLog) logs.append({ at: platform.clock.now(), function: name, logGroup, logStream, message });
  });
  const settings = variables(platform, name, properties, { logGroup, logStream, codeDirectory });
  const environment = startEnvironment({
    data: {
      clock,
      codeDirectory,
      handler: properties.Handler,
      functionName: name,
      functionArn: arn,
      memorySize: properties.MemorySize,
      logGroup,
      logStream,
    },
    variables: settings,
    timeoutMs: properties.Timeout * 1000,
    log: lines,
  });
  const accessKeyId = settings['AWS_ACCESS_KEY_ID'] ?? '';
  return faults === undefined ? environment : killable(environment, faults, accessKeyId, name);
}

/** Tells the faults when an invocation begins, so that they can count its AWS calls. */
function killable(
  environment: Environment,
  faults: FunctionFaults,
  accessKeyId: string,
  name: string,
): Environment {
  const watched = faults.watch(accessKeyId, name, () => {
    environment.kill();
  });
  return {
    ...environment,
    invoke(invocation) {
      watched.begins();
      return environment.invoke(invocation);
    },
    close() {
      watched.forget();
      return environment.close();
    },
  };
}

function variables(
  platform: Platform,
  name: string,
  properties: FunctionProperties,
  place: { readonly logGroup: string; readonly logStream: string; readonly codeDirectory: string },
): Record<string, string> {
  const credentials = platform.access.issue({
    roleArn: properties.Role,
    sessionName: name,
    expiresAt: platform.clock.now() + CREDENTIALS_LIFETIME_MS,
  });
  return {
    ...properties.Environment?.Variables,
    AWS_REGION: platform.region,
    AWS_DEFAULT_REGION: platform.region,
    AWS_ENDPOINT_URL: platform.endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_EXECUTION_ENV: `AWS_Lambda_${properties.Runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.MemorySize),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: place.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: place.logStream,
    LAMBDA_TASK_ROOT: place.codeDirectory,
    _HANDLER: properties.Handler,
    // So that no AWS configuration of the person at this computer reaches the function.
    HOME: platform.directory,
  };
}

function allowed(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

/** Output comes in arbitrary pieces; the log wants whole lines. */
function lineBuffer(emit: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) emit(line);
  };
}
