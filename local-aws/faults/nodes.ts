/** Faults of managed nodes: lasting ones follow the switch, power cuts come with a command. */
import type { ManagedNode } from '../nodes/nodes.ts';
import type { Faults } from './faults.ts';

export interface NodeConditions {
  readonly online: boolean;
  readonly delayMs: number;
  readonly diskFull: boolean;
  readonly clockSkewMs: number;
}
export const healthy: NodeConditions = { online: true, delayMs: 0, diskFull: false, clockSkewMs: 0 };

/** What the faults want of a node. `place` is its place in the order of creation, which is the same in every run. */
export function conditionsOf(faults: Faults, id: string, place: number): NodeConditions {
  const isMeant = (order: { nodes?: string[] | undefined }): boolean => order.nodes?.includes(id) ?? true;
  const member = String(place);
  const ahead = faults.holds('node-clock-ahead', member, isMeant)?.ms ?? 0;
  const behind = faults.holds('node-clock-behind', member, isMeant)?.ms ?? 0;
  return {
    online: faults.holds('node-offline', member, isMeant) === undefined,
    delayMs: faults.holds('node-slow', member, isMeant)?.ms ?? 0,
    diskFull: faults.holds('node-full', member, isMeant) !== undefined,
    clockSkewMs: ahead - behind,
  };
}

export interface NodeFollower {
  /** To be called for each new node. */
  welcome(node: ManagedNode): void;
  placeOf(node: ManagedNode): number;
}

/** Applies the faults to nodes: to all when a fault changes, to a new one when it is added. */
export function followFaults(
  faults: Faults,
  nodes: { all(): readonly ManagedNode[] },
  power: { turn(node: ManagedNode, online: boolean): void },
): NodeFollower {
  const places = new WeakMap<ManagedNode, number>();
  const applied = new WeakMap<ManagedNode, NodeConditions>();
  let added = 0;

  function apply(node: ManagedNode): void {
    const wanted = conditionsOf(faults, node.id, places.get(node) ?? 0);
    const before = applied.get(node) ?? healthy;
    applied.set(node, wanted);
    // Only what a fault changed: what a test set on the node itself stays.
    if (wanted.delayMs !== before.delayMs) node.delayMs = wanted.delayMs;
    if (wanted.diskFull !== before.diskFull) node.diskFull = wanted.diskFull;
    if (wanted.clockSkewMs !== before.clockSkewMs) node.clockSkewMs = wanted.clockSkewMs;
    if (wanted.online !== before.online) power.turn(node, wanted.online);
  }

  faults.onChange(() => {
    nodes.all().forEach(apply);
  });
  return {
    welcome(node) {
      places.set(node, added);
      added += 1;
      apply(node);
    },
    placeOf: (node) => places.get(node) ?? 0,
  };
}
