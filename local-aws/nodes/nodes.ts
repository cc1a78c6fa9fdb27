/** The managed nodes: directories in which the agent runs command documents with the real bash and openssl. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '../platform.ts';
import { realNow } from '../real-time.ts';
import {
  createAgentFiles,
  createNodeRoot,
  readFailProof,
  writeClockOffset,
  writeFailProof,
} from './files.ts';
import { createScripts } from './scripts.ts';
import type { ScriptResult } from './scripts.ts';

export interface ManagedNode {
  readonly id: string;
  /** Its file system: CERTVEND_ROOT of every script. */
  readonly root: string;
  readonly registeredAt: number;
  readonly activationId: string;
  online: boolean;
  /** How long the agent takes to notice a command. */
  delayMs: number;
  diskFull: boolean;
  /** By how much its own clock is ahead of the time of this AWS. */
  clockSkewMs: number;
  lastPingAt: number;
}

export interface NodeScript {
  readonly commandId: string;
  readonly step: string;
  readonly lines: readonly string[];
  readonly timeoutMs: number;
  readonly starting: () => boolean;
}

export interface Nodes {
  /** `known` is a node of an earlier run, whose files are still there. */
  add(activationId: string, known?: { readonly id: string; readonly registeredAt: number }): ManagedNode;
  get(id: string): ManagedNode | undefined;
  all(): ManagedNode[];
  remove(id: string): void;
  run(node: ManagedNode, script: NodeScript): Promise<ScriptResult | undefined>;
  /** Ends the node's scripts without a result, as a power cut would. */
  cutPower(id: string): void;
  running(id: string): number;
  failProof(id: string, times?: number): number;
  close(): void;
}

export interface NodeOptions {
  /** The real aws_signing_helper to use instead of the stand-in. */
  readonly signingHelper?: string;
}

export function createNodes(platform: Platform, options: NodeOptions = {}): Nodes {
  const files = createAgentFiles(platform.directory);
  const scripts = createScripts();
  const nodes = new Map<string, ManagedNode>();

  return {
    add(activationId, known) {
      const id = known?.id ?? `mi-${randomBytes(9).toString('hex').slice(1)}`;
      const now = platform.clock.now();
      const root = createNodeRoot(platform.directory, id, files, options.signingHelper);
      const node = {
        id,
        root,
        registeredAt: known?.registeredAt ?? now,
        activationId,
        online: true,
        delayMs: 0,
        diskFull: false,
        clockSkewMs: 0,
        lastPingAt: now,
      };
      nodes.set(id, node);
      return node;
    },
    get: (id) => nodes.get(id),
    all: () => [...nodes.values()],
    remove(id) {
      scripts.kill(id);
      nodes.delete(id);
    },
    async run(node, script) {
      const folder = join(files.orchestration, node.id, script.commandId, script.step);
      const file = join(folder, '_script.sh');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(file, `${script.lines.join('\n')}\n`);
      chmodSync(file, 0o700);
      const starting = (): boolean => {
        writeClockOffset(files, platform.clock.now() - realNow());
        return script.starting();
      };
      const environment = environmentOf(platform, node, script.commandId, files.bin);
      const { timeoutMs } = script;
      try {
        return await scripts.run({
          owner: node.id,
          file,
          directory: folder,
          environment,
          timeoutMs,
          diskFull: node.diskFull,
          starting,
        });
      } finally {
        rmSync(join(files.orchestration, node.id, script.commandId), { recursive: true, force: true });
      }
    },
    cutPower: (id) => {
      scripts.kill(id);
    },
    running: (id) => scripts.running(id),
    failProof(id, times) {
      if (times !== undefined) writeFailProof(files, id, times);
      return readFailProof(files, id);
    },
    close: () => {
      scripts.close();
    },
  };
}

/** What the agent sets, plus our own: the node's root, where AWS is, and a wrong clock. Nothing of this process leaks in. */
function environmentOf(
  platform: Platform,
  node: ManagedNode,
  commandId: string,
  bin: string,
): Record<string, string> {
  return {
    PATH: `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    AWS_SSM_INSTANCE_ID: node.id,
    AWS_SSM_REGION_NAME: platform.region,
    AWS_SSM_PLATFORM_NAME: 'Debian GNU/Linux',
    AWS_SSM_PLATFORM_VERSION: '12',
    SSM_COMMAND_ID: commandId,
    CERTVEND_ROOT: node.root,
    AWS_ENDPOINT_URL: platform.endpoint,
    ...(node.clockSkewMs === 0 ? {} : { LOCAL_AWS_CLOCK_SKEW_MS: String(node.clockSkewMs) }),
  };
}
