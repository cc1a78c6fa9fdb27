/**
 * AWS Systems Manager as far as Run Command goes: documents, commands, managed nodes. The nodes run the documents with the
 * real shell; this service decides what reaches them, when it gives up, and what it tells about it.
 */
import { awsJson } from '../../json-service.ts';
import { noFaults } from '../../faults/faults.ts';
import type { Faults } from '../../faults/faults.ts';
import { followFaults } from '../../faults/nodes.ts';
import { createNodes } from '../../nodes/nodes.ts';
import type { NodeOptions } from '../../nodes/nodes.ts';
import type { Platform, Service } from '../../platform.ts';
import { commandOperations } from './command-operations.ts';
import type { SsmParts } from './command-operations.ts';
import { createCommands } from './commands.ts';
import { createPower, nodeControls, nodeOperations } from './node-operations.ts';
import type { Activations } from './node-operations.ts';
import { documentOperations, ssmResources } from './resources.ts';

export interface SsmOptions extends NodeOptions {
  readonly faults?: Faults;
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
