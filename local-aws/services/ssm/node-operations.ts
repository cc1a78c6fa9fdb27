/** Activations, the inventory of managed nodes, and the controls that put nodes into trouble. */
import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { NodeFollower } from '../../faults/nodes.ts';
import { operation, parseStrictly } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import type { ManagedNode, Nodes } from '../../nodes/nodes.ts';
import { AwsError } from '../../platform.ts';
import type { JsonObject, Platform, Service } from '../../platform.ts';
import type { SsmParts } from './command-operations.ts';
import { nodeArn } from './commands.ts';
import type { Commands } from './commands.ts';
import { paginate } from './pages.ts';

interface Activation {
  readonly id: string;
  readonly iamRole: string;
  readonly limit: number;
  readonly expiresAt: number;
  count: number;
}
export type Activations = Map<string, Activation>;

const day = 86_400_000;
const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() }));
const filterKeys = ['InstanceIds', 'PingStatus', 'ActivationIds', 'ResourceType', 'PlatformTypes'] as const;
type FilterKey = (typeof filterKeys)[number];

export function nodeOperations(parts: SsmParts, activations: Activations): Record<string, Operation> {
  const { platform, nodes } = parts;
  return {
    CreateActivation: operation({
      input: z.strictObject({
        IamRole: z.string().min(1).max(64),
        Description: z.string().max(256).optional(),
        DefaultInstanceName: z.string().max(256).optional(),
        RegistrationLimit: z.number().int().min(1).max(1000).default(1),
        ExpirationDate: z.number().optional(),
        Tags: tags.optional(),
      }),
      needs: () => [{ action: 'ssm:CreateActivation', resource: '*' }],
      run: (input) => {
        const now = platform.clock.now();
        const expiresAt = input.ExpirationDate === undefined ? now + day : input.ExpirationDate * 1000;
        if (expiresAt > now + 30 * day)
          throw new AwsError('InvalidParameters', 'ExpirationDate: at most 30 days ahead');
        const id = randomUUID();
        activations.set(id, {
          id,
          iamRole: input.IamRole,
          limit: input.RegistrationLimit,
          expiresAt,
          count: 0,
        });
        return { ActivationId: id, ActivationCode: randomBytes(15).toString('base64url') };
      },
    }),
    DeregisterManagedInstance: operation({
      input: z.strictObject({ InstanceId: z.string() }),
      needs: (input) => [
        { action: 'ssm:DeregisterManagedInstance', resource: nodeArn(platform, input.InstanceId) },
      ],
      run: (input) => {
        if (nodes.get(input.InstanceId) === undefined) throw unknownNode(input.InstanceId);
        nodes.remove(input.InstanceId);
        return {};
      },
    }),
    DescribeInstanceInformation: operation({
      input: z.strictObject({
        Filters: z
          .array(z.strictObject({ Key: z.enum(filterKeys), Values: z.array(z.string()).min(1).max(100) }))
          .default([]),
        MaxResults: z.number().int().min(5).max(50).default(10),
        NextToken: z.string().optional(),
      }),
      needs: () => [{ action: 'ssm:DescribeInstanceInformation', resource: '*' }],
      run: (input) => {
        for (const id of input.Filters.filter(({ Key }) => Key === 'InstanceIds').flatMap(
          ({ Values }) => Values,
        )) {
          if (nodes.get(id) === undefined) throw unknownNode(id);
        }
        const found = nodes
          .all()
          .filter((node) =>
            input.Filters.every(({ Key, Values }) => Values.includes(filterValue(node, Key))),
          );
        const { page, next } = paginate(found, input.MaxResults, input.NextToken);
        return {
          InstanceInformationList: page.map((node) => describeNode(parts, activations, node)),
          ...next,
        };
      },
    }),
  };
}

function unknownNode(id: string): AwsError {
  return new AwsError('InvalidInstanceId', `An invalid instance id was specified: ${id}`);
}

function filterValue(node: ManagedNode, key: FilterKey): string {
  switch (key) {
    case 'InstanceIds':
      return node.id;
    case 'PingStatus':
      return node.online ? 'Online' : 'ConnectionLost';
    case 'ActivationIds':
      return node.activationId;
    case 'ResourceType':
      return 'ManagedInstance';
    case 'PlatformTypes':
      return 'Linux';
  }
}

function describeNode({ platform }: SsmParts, activations: Activations, node: ManagedNode): JsonObject {
  return {
    InstanceId: node.id,
    PingStatus: filterValue(node, 'PingStatus'),
    LastPingDateTime: (node.online ? platform.clock.now() : node.lastPingAt) / 1000,
    AgentVersion: '3.3.3572.0',
    IsLatestVersion: true,
    PlatformType: 'Linux',
    PlatformName: 'Debian GNU/Linux',
    PlatformVersion: '12',
    ActivationId: node.activationId,
    IamRole: activations.get(node.activationId)?.iamRole ?? '',
    RegistrationDate: node.registeredAt / 1000,
    ResourceType: 'ManagedInstance',
    IPAddress: '127.0.0.1',
    ComputerName: `host-${node.id.slice(-4)}`,
  };
}

const addInput = z.strictObject({
  count: z.number().int().min(1).max(1000).default(1),
  activationId: z.string().optional(),
});
const stateInput = z.strictObject({
  id: z.string(),
  online: z.boolean().optional(),
  delayMs: z.number().int().min(0).optional(),
  failProof: z.number().int().min(0).optional(),
  diskFull: z.boolean().optional(),
  clockSkewMs: z.number().int().optional(),
  reboot: z.literal(true).optional(),
});

/** How long a rebooting node is away. */
const rebootMs = 20_000;

export interface Power {
  turn(node: ManagedNode, online: boolean): void;
  /** Ends what runs on the node and takes it away for a while. */
  reboot(node: ManagedNode, awayMs?: number): void;
}

export function createPower(platform: Platform, nodes: Nodes, commands: Commands): Power {
  function turn(node: ManagedNode, online: boolean): void {
    if (!online && node.online) node.lastPingAt = platform.clock.now();
    node.online = online;
    if (online) commands.cameOnline(node);
  }
  return {
    turn,
    reboot(node, awayMs = rebootMs) {
      turn(node, false);
      nodes.cutPower(node.id);
      platform.clock.at(platform.clock.now() + awayMs, () => {
        turn(node, true);
      });
    },
  };
}

export function nodeControls(
  parts: SsmParts,
  activations: Activations,
  power: Power,
  follower: NodeFollower,
): NonNullable<Service['controls']> {
  const { platform, nodes } = parts;
  const show = (node: ManagedNode): JsonObject => ({
    id: node.id,
    root: node.root,
    online: node.online,
    delayMs: node.delayMs,
    diskFull: node.diskFull,
    clockSkewMs: node.clockSkewMs,
    failProof: nodes.failProof(node.id),
    activationId: node.activationId,
    running: nodes.running(node.id),
  });
  return {
    'GET /_local/nodes': () => nodes.all().map(show),
    'POST /_local/nodes': (body) => {
      const { count, activationId } = parseStrictly(addInput, body);
      return Array.from({ length: count }, () => {
        const node = nodes.add(register(platform.clock.now(), activations, activationId));
        follower.welcome(node);
        return { id: node.id, root: node.root };
      });
    },
    'POST /_local/nodes/state': (body) => {
      const { id, online, failProof, reboot, ...told } = parseStrictly(stateInput, body);
      const node = nodes.get(id);
      if (node === undefined) throw unknownNode(id);
      node.delayMs = told.delayMs ?? node.delayMs;
      node.diskFull = told.diskFull ?? node.diskFull;
      node.clockSkewMs = told.clockSkewMs ?? node.clockSkewMs;
      nodes.failProof(id, failProof);
      if (reboot === true) power.reboot(node);
      if (online !== undefined) power.turn(node, online);
      return show(node);
    },
  };
}

/** Uses one registration of an activation; without one the node gets an activation that nobody made. */
function register(now: number, activations: Activations, id: string | undefined): string {
  if (id === undefined) return '00000000-0000-4000-8000-000000000000';
  const activation = activations.get(id);
  if (activation === undefined || activation.expiresAt < now || activation.count >= activation.limit) {
    throw new AwsError('InvalidActivation', `The activation ${id} does not exist, has expired or is used up`);
  }
  activation.count += 1;
  return id;
}
