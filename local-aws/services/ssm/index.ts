/**
 * AWS Systems Manager as far as Run Command goes: documents, commands, managed nodes. The nodes run the documents with the
 * real shell; this service decides what reaches them, when it gives up, and what it tells about it.
 */
import { awsJson } from '../../json-service.ts';
import { createNodes } from '../../nodes/nodes.ts';
import type { NodeOptions } from '../../nodes/nodes.ts';
import type { Platform, Service } from '../../platform.ts';
import { commandOperations } from './command-operations.ts';
import type { SsmParts } from './command-operations.ts';
import { createCommands } from './commands.ts';
import { nodeControls, nodeOperations } from './node-operations.ts';
import type { Activations } from './node-operations.ts';
import { documentOperations, ssmResources } from './resources.ts';

export function createSsmService(platform: Platform, options: NodeOptions = {}): Service {
  const nodes = createNodes(platform, options);
  const commands = createCommands(platform, nodes);
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
      controls: nodeControls(parts, activations),
      close: () => {
        commands.close();
        nodes.close();
      },
    },
  });
}
