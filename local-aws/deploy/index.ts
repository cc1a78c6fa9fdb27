/** A subset of CloudFormation that deploys a synthesized stack into the services of this AWS. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Json, JsonObject, Platform, ResourceType } from '../platform.ts';
import { readAssembly } from './assembly.ts';
import type { StackAssembly } from './assembly.ts';
import { evaluate } from './intrinsics.ts';
import type { Scope } from './intrinsics.ts';
import { creationOrder } from './order.ts';
import { createScope } from './scope.ts';
import type { Stack } from './scope.ts';
import { parseTemplate, selectResources } from './template.ts';
import type { Template } from './template.ts';

export interface Deployer {
  deploy(assemblyDirectory: string): Promise<{ outputs: Record<string, string> }>;
  /** Outputs of all stacks deployed so far. */
  outputs(): Record<string, string>;
  /** What each stack created: logical id, type and physical id. */
  resources(): { stack: string; logicalId: string; type: string; physicalId: string }[];
}

/** The types whose creation may be repeated with other properties; the service behind them replaces what it has. */
const UPDATABLE = new Set(['AWS::Lambda::Function', 'AWS::SSM::Document', 'AWS::IAM::Policy']);

export function createDeployer(platform: Platform, types: ReadonlyMap<string, ResourceType>): Deployer {
  const stacks = new Map<string, Stack>();
  // One deployment after the other, as CloudFormation locks a stack.
  let previous: Promise<unknown> = Promise.resolve();
  return {
    async deploy(assemblyDirectory) {
      const run = previous.then(async () => {
        const assembly = readAssembly(assemblyDirectory);
        const name = assembly.stackName;
        const id = `arn:${platform.partition}:cloudformation:${platform.region}:${platform.accountId}:stack/${name}/local`;
        const stack = stacks.get(name) ?? { name, id, resources: new Map(), outputs: {} };
        stacks.set(name, stack);
        await deployStack({ platform, types, stack, assembly });
        return { outputs: stack.outputs };
      });
      previous = run.catch(() => undefined);
      return run;
    },
    outputs: () =>
      Object.assign({}, ...[...stacks.values()].map((stack) => stack.outputs)) as Record<string, string>,
    resources: () =>
      [...stacks.values()].flatMap((stack) =>
        [...stack.resources].map(([logicalId, { type, created }]) => ({
          stack: stack.name,
          logicalId,
          type,
          physicalId: created.ref,
        })),
      ),
  };
}

interface Deployment {
  readonly platform: Platform;
  readonly types: ReadonlyMap<string, ResourceType>;
  readonly stack: Stack;
  readonly assembly: StackAssembly;
}

async function deployStack(deployment: Deployment): Promise<void> {
  const { types, stack, assembly } = deployment;
  const template = parseTemplate(assembly.template);
  const scope = createScope(deployment.platform, stack, template);
  const selected = selectResources(template, new Set(types.keys()), scope);
  const order = creationOrder(selected);
  const removed = [...stack.resources.keys()].filter((logicalId) => !selected.has(logicalId));
  if (removed.length > 0)
    throw new Error(`removal of ${removed.join(', ')} from stack ${stack.name} is not modelled`);
  for (const logicalId of order) {
    const resource = selected.get(logicalId);
    if (resource === undefined) continue;
    try {
      await deployResource(
        deployment,
        logicalId,
        resource.Type,
        toObject(evaluate(resource.Properties, scope)),
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${stack.name}/${logicalId} (${resource.Type}): ${why}`, { cause: error });
    }
  }
  stack.outputs = outputsOf(template, scope);
}

async function deployResource(
  { types, stack, assembly }: Deployment,
  logicalId: string,
  type: string,
  properties: JsonObject,
): Promise<void> {
  const existing = stack.resources.get(logicalId);
  if (existing !== undefined) {
    if (existing.type === type && isDeepStrictEqual(existing.properties, properties)) return;
    if (existing.type !== type || !UPDATABLE.has(type)) {
      throw new Error(
        `update of ${type} is not modelled; changed: ${changedNames(existing.properties, properties)}`,
      );
    }
  }
  const create = types.get(type);
  if (create === undefined) throw new Error(`resource type ${type} is not modelled`);
  const context = { stackName: stack.name, logicalId, assetPath: (key: string) => assembly.assetPath(key) };
  // The service may keep what it is given, so it gets its own copy.
  const created = await create(structuredClone(properties), context);
  stack.resources.set(logicalId, { type, properties, created });
}

function changedNames(before: JsonObject, after: JsonObject): string {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !isDeepStrictEqual(before[name], after[name])).join(', ') || 'its type';
}

function outputsOf(template: Template, scope: Scope): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [name, output] of Object.entries(template.Outputs)) {
    if (output.Condition !== undefined && !scope.condition(output.Condition)) continue;
    const value = evaluate(output.Value, scope);
    outputs[name] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return outputs;
}

function toObject(value: Json | undefined): JsonObject {
  return z.record(z.string(), z.json()).parse(value);
}
