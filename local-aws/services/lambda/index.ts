/** AWS Lambda: functions of the template, their event sources, permissions and invocations. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseStrictly } from '../../json-service.ts';
import type { FunctionFaults } from '../../faults/functions.ts';
import { AwsError } from '../../platform.ts';
import type { Platform, ResourceType, Service } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';
import type { LogStore } from '../logs/store.ts';
import { createLambdaApi, functionName } from './api.ts';
import type { Registry } from './api.ts';
import { createAsyncInvoker } from './async-invoke.ts';
import { createFunction, functionArn } from './function.ts';
import type { LambdaFunction } from './function.ts';
import { pollQueue } from './queue-poller.ts';
import type { OnMessage, Poller } from './queue-poller.ts';
import {
  eventInvokeShape,
  functionShape,
  permissionShape,
  queueMappingShape,
  streamMappingShape,
} from './resources.ts';
import {
  assertMay,
  assertVisibleLongEnough,
  policyOf,
  queueActions,
  streamActions,
} from './required-permissions.ts';
import { pollStream } from './stream-poller.ts';

export interface LambdaOptions {
  /** The offset of moved time, for the functions' Date. */
  readonly clock: SharedArrayBuffer;
  readonly logs: LogStore;
  readonly onMessage: OnMessage;
  /** Wait before the first retry of an asynchronous invocation. */
  readonly retryDelayMs: number;
  readonly faults?: FunctionFaults;
}

export function createLambdaService(platform: Platform, options: LambdaOptions): Service {
  const functions = new Map<string, LambdaFunction>();
  const pollers: Poller[] = [];
  const asynchronous = createAsyncInvoker(platform, options.retryDelayMs);
  const registry: Registry = {
    find(nameOrArn) {
      const name = functionName(nameOrArn);
      const found = functions.get(name);
      if (found !== undefined) return found;
      const message = `Function not found: ${functionArn(platform, name)}`;
      throw new AwsError('ResourceNotFoundException', message, 404);
    },
    all: () => [...functions.values()],
  };

  const mapping: ResourceType = async (properties, { stackName, logicalId }) => {
    const { EventSourceArn: source } = parseStrictly(z.object({ EventSourceArn: z.string() }), properties);
    if (source.split(':')[2] === 'sqs') {
      const parsed = parseStrictly(queueMappingShape, properties);
      const fn = registry.find(parsed.FunctionName);
      if (parsed.FilterCriteria !== undefined) throw new Error('FilterCriteria on a queue is not modelled');
      assertMay(platform, fn, queueActions(source));
      await assertVisibleLongEnough(platform, fn, source);
      if (parsed.Enabled) {
        pollers.push(
          pollQueue(platform, options.onMessage, parsed, () => registry.find(parsed.FunctionName)),
        );
      }
    } else {
      const parsed = parseStrictly(streamMappingShape, properties);
      const fn = registry.find(parsed.FunctionName);
      assertMay(platform, fn, streamActions(source));
      if (parsed.Enabled) {
        pollers.push(pollStream(platform, parsed, () => registry.find(parsed.FunctionName)));
      }
    }
    const id = uuidOf(`${stackName}/${logicalId}`);
    const arn = `arn:${platform.partition}:lambda:${platform.region}:${platform.accountId}:event-source-mapping:${id}`;
    return { ref: id, attributes: { Id: id, EventSourceMappingArn: arn } };
  };

  return createLambdaApi(platform, registry, asynchronous, {
    resources: {
      'AWS::Lambda::Function': functionResource(platform, options, functions),
      'AWS::Lambda::EventSourceMapping': mapping,
      'AWS::Lambda::Permission': (properties, { logicalId }) => {
        const parsed = parseStrictly(permissionShape, properties);
        const { arn } = registry.find(parsed.FunctionName);
        platform.access.attachResourcePolicy(arn, logicalId, policyOf(parsed, arn, logicalId));
        return { ref: logicalId };
      },
      'AWS::Lambda::EventInvokeConfig': (properties, { logicalId }) => {
        const parsed = parseStrictly(eventInvokeShape, properties);
        asynchronous.configure(registry.find(parsed.FunctionName).name, parsed);
        return { ref: logicalId };
      },
    },
    async close() {
      asynchronous.close();
      for (const poller of pollers) poller.close();
      await Promise.all([...functions.values()].map((fn) => fn.close()));
    },
  });
}

function functionResource(
  platform: Platform,
  { clock, logs, faults }: LambdaOptions,
  functions: Map<string, LambdaFunction>,
): ResourceType {
  const owners = new Map<string, string>();
  return (input, context) => {
    const properties = parseStrictly(functionShape, input);
    const owner = `${context.stackName}/${context.logicalId}`;
    const earlier = [...owners].find(([, one]) => one === owner)?.[0];
    const name = properties.FunctionName ?? earlier ?? generatedName(context);
    const before = functions.get(name);
    if (before !== undefined && owners.get(name) !== owner) {
      throw new AwsError('ResourceConflictException', `Function already exist: ${name}`, 409);
    }
    const codeDirectory = context.assetPath(properties.Code.S3Key);
    const fn = createFunction({ platform, clock, logs, name, codeDirectory, properties, faults });
    functions.set(name, fn);
    owners.set(name, owner);
    // An update: what runs finishes on the old code within its time-out, everything new goes to the new one.
    if (before !== undefined) setTimeout(() => void before.close(), before.properties.Timeout * 1000).unref();
    return { ref: name, attributes: { Arn: fn.arn } };
  };
}

function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
