/**
 * AWS Systems Manager as far as Run Command goes: documents, commands, managed nodes. The nodes run the documents with the
 * real shell; this service decides what reaches them, when it gives up, and what it tells about it.
 */
import { z } from 'zod';
import { awsJson } from '../../json-service.ts';
import { noFaults } from '../../faults/faults.ts';
import type { Faults } from '../../faults/faults.ts';
import { followFaults } from '../../faults/nodes.ts';
import type { NodeFollower } from '../../faults/nodes.ts';
import { createNodes } from '../../nodes/nodes.ts';
import type { NodeOptions, Nodes } from '../../nodes/nodes.ts';
import type { Json, Platform, Service } from '../../platform.ts';
import { commandOperations } from './command-operations.ts';
import type { SsmParts } from './command-operations.ts';
import { createCommands } from './commands.ts';
import { createPower, nodeControls, nodeOperations } from './node-operations.ts';
import type { Activations } from './node-operations.ts';
import { documentOperations, ssmResources } from './resources.ts';

export interface SsmOptions extends NodeOptions {
  readonly faults?: Faults;
}

const nodesShape = z.array(
  z.strictObject({ id: z.string(), activationId: z.string(), registeredAt: z.number() }),
);
const activationsShape = z.array(
  z.strictObject({
    ...{ id: z.string(), iamRole: z.string() },
    ...{ limit: z.number(), expiresAt: z.number(), count: z.number() },
  }),
);

/** The nodes of the run before, with their files; commands that were under way are lost, as for a node that was off. */
function carryOver(platform: Platform, nodes: Nodes, activations: Activations, follower: NodeFollower): void {
  const { kept } = platform;
  for (const activation of kept?.take('ssm/activations', activationsShape) ?? []) {
    activations.set(activation.id, activation);
  }
  for (const node of kept?.take('ssm/nodes', nodesShape) ?? []) {
    follower.welcome(nodes.add(node.activationId, node));
  }
  kept?.keep('ssm/activations', () => [...activations.values()].map((one): Json => ({ ...one })));
  kept?.keep('ssm/nodes', () =>
    nodes.all().map(({ id, activationId, registeredAt }): Json => ({ id, activationId, registeredAt })),
  );
}

export function createSsmService(platform: Platform, options: SsmOptions = {}): Service {
  const { faults = noFaults } = options;
  const nodes = createNodes(platform, options);
  const commands = createCommands(platform, nodes, {
    hiddenMs: () => faults.strike('invocation-not-yet', 'command', () => true)?.order.ms ?? 0,
    started(node) {
      const isMeant = (order: { nodes?: string[] | undefined }): boolean =>
        order.nodes?.includes(node.id) ?? true;
      const cut = faults.strike('node-rebooting', String(follower.placeOf(node)), isMeant)?.order;
      if (cut === undefined) return;
      setTimeout(() => {
        power.reboot(node, cut.awayMs);
      }, cut.afterMs);
    },
  });
  const power = createPower(platform, nodes, commands);
  const follower = followFaults(faults, nodes, power);
  const parts: SsmParts = { platform, nodes, commands, documents: new Map() };
  const activations: Activations = new Map();
  carryOver(platform, nodes, activations, follower);
  return awsJson({
    scope: 'ssm',
    targetPrefix: 'AmazonSSM',
    access: platform.access,
    operations: {
      ...commandOperations(parts),
      ...nodeOperations(parts, activations),
      ...documentOperations(parts),
    },
    rest: {
      resources: ssmResources(parts),
      controls: nodeControls(parts, activations, power, follower),
      close: () => {
        commands.close();
        nodes.close();
      },
    },
  });
}
