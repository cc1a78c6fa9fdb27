/** The life of commands: sent, delivered, run on the node, finished or timed out; each change is an event. */
import { randomUUID } from 'node:crypto';
import type { ManagedNode, Nodes } from '../../nodes/nodes.ts';
import type { ScriptResult } from '../../nodes/scripts.ts';
import { LIMITS } from '../../limits.ts';
import type { JsonObject, Platform } from '../../platform.ts';
import { scriptOf } from './documents.ts';
import type { CommandDocument, StepScript } from './documents.ts';

export type Status = 'Pending' | 'InProgress' | 'Success' | 'Failed' | 'TimedOut' | 'Cancelled';

export interface Invocation {
  readonly command: Command;
  readonly instanceId: string;
  status: Status;
  statusDetails: string;
  responseCode: number;
  stdout: string;
  stderr: string;
  startedAt?: number;
  endedAt?: number;
}

export interface Command {
  readonly id: string;
  readonly document: CommandDocument;
  readonly comment: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly script: StepScript;
  readonly timeoutSeconds: number;
  readonly requestedAt: number;
  readonly expiresAt: number;
  /** Eventual consistency: before this, GetCommandInvocation knows nothing. */
  readonly visibleAt: number;
  readonly invocations: Map<string, Invocation>;
}

export interface CommandRequest {
  readonly document: CommandDocument;
  readonly values: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly nodes: readonly ManagedNode[];
  readonly timeoutSeconds: number;
  readonly comment: string;
}

export interface Commands {
  send(request: CommandRequest): Command;
  get(id: string): Command | undefined;
  /** Newest first. */
  all(): Command[];
  /** Hands over what waited for this node. */
  cameOnline(node: ManagedNode): void;
  close(): void;
}

const invisibleMs = LIMITS.invocationHidden.value;
const agentLimits = { stdout: LIMITS.standardOutput.value, stderr: LIMITS.standardError.value };
const truncated = '--output truncated--';

/** What may go wrong between the service and a node. */
export interface CommandFaults {
  /** How much longer the service does not know a command that was just sent. */
  hiddenMs(): number;
  /** A script begins on the node. */
  started(node: ManagedNode): void;
}
const noTrouble: CommandFaults = { hiddenMs: () => 0, started: () => undefined };

export function createCommands(
  platform: Platform,
  nodes: Nodes,
  faults: CommandFaults = noTrouble,
): Commands {
  const { clock } = platform;
  const commands = new Map<string, Command>();
  const undelivered = new Map<string, Set<Invocation>>();
  /** Results of nodes that were offline when their script ended. */
  const unreported = new Map<string, (() => void)[]>();
  const expiries = new Map<Invocation, () => void>();
  const timers = new Set<() => void>();
  let closed = false;

  function later(at: number, task: () => void): () => void {
    const cancel = clock.at(at, () => {
      timers.delete(cancel);
      task();
    });
    timers.add(cancel);
    return () => {
      timers.delete(cancel);
      cancel();
    };
  }

  function deliver(invocation: Invocation): void {
    const node = nodes.get(invocation.instanceId);
    const { command } = invocation;
    if (closed || node === undefined || invocation.status !== 'Pending') return;
    if (!node.online) {
      const waiting = undelivered.get(node.id) ?? new Set();
      undelivered.set(node.id, waiting.add(invocation));
      return;
    }
    // A command not started within TimeoutSeconds never starts; it stays Pending until it expires.
    if (clock.now() > command.requestedAt + command.timeoutSeconds * 1000) return;
    void execute(node, invocation);
  }

  async function execute(node: ManagedNode, invocation: Invocation): Promise<void> {
    const { command } = invocation;
    const { step, lines, timeoutSeconds } = command.script;
    const starting = (): boolean => {
      if (closed || invocation.status !== 'Pending') return false;
      if (!node.online) {
        deliver(invocation);
        return false;
      }
      invocation.startedAt = clock.now();
      node.lastPingAt = clock.now();
      change(invocation, 'InProgress', 'InProgress');
      faults.started(node);
      return true;
    };
    const result = await nodes.run(node, {
      commandId: command.id,
      step,
      lines,
      timeoutMs: timeoutSeconds * 1000,
      starting,
    });
    // No result: the power was cut or the AWS is closing. The service learns nothing until the command expires.
    if (result === undefined) return;
    if (node.online) finish(invocation, result);
    else
      unreported.set(node.id, [
        ...(unreported.get(node.id) ?? []),
        () => {
          finish(invocation, result);
        },
      ]);
  }

  function finish(invocation: Invocation, result: ScriptResult): void {
    if (closed || invocation.status !== 'InProgress') return;
    invocation.endedAt = clock.now();
    invocation.stdout = cut(result.stdout, agentLimits.stdout);
    invocation.stderr = cut(result.stderr, agentLimits.stderr);
    invocation.responseCode = result.exitCode;
    if (result.timedOut) change(invocation, 'TimedOut', 'ExecutionTimedOut');
    else if (result.exitCode === 0) change(invocation, 'Success', 'Success');
    else change(invocation, 'Failed', 'Failed');
  }

  function expire(invocation: Invocation): void {
    undelivered.get(invocation.instanceId)?.delete(invocation);
    if (invocation.status === 'Pending') change(invocation, 'TimedOut', 'DeliveryTimedOut');
    else if (invocation.status === 'InProgress') {
      // A script that really still runs may report later; the service no longer listens.
      change(invocation, 'TimedOut', 'ExecutionTimedOut');
    }
  }

  function change(invocation: Invocation, status: Status, details: string): void {
    if (status !== 'InProgress') {
      expiries.get(invocation)?.();
      expiries.delete(invocation);
    }
    invocation.status = status;
    invocation.statusDetails = details;
    const { command } = invocation;
    const detail = {
      'command-id': command.id,
      'document-name': command.document.name,
      'requested-date-time': new Date(command.requestedAt).toISOString(),
      status,
    };
    emit('EC2 Command Invocation Status-change Notification', [invocation], {
      ...detail,
      'instance-id': invocation.instanceId,
    });
    const overall = commandStatus(command);
    if (overall === 'Pending' || (overall === 'InProgress' && status !== 'InProgress')) return;
    emit('EC2 Command Status-change Notification', [...command.invocations.values()], {
      ...detail,
      status: overall,
      'expire-after': new Date(command.expiresAt).toISOString(),
      parameters: Object.fromEntries(
        Object.entries(command.parameters).map(([name, values]) => [name, [...values]]),
      ),
    });
  }

  function emit(detailType: string, invocations: readonly Invocation[], detail: JsonObject): void {
    const resources = invocations.map(({ instanceId }) => nodeArn(platform, instanceId));
    platform.emit({ source: 'aws.ssm', 'detail-type': detailType, resources, detail });
  }

  return {
    send(request) {
      const command = newCommand(clock.now(), request, faults.hiddenMs());
      commands.set(command.id, command);
      for (const node of request.nodes) {
        const { id: instanceId } = node;
        const empty = { stdout: '', stderr: '', responseCode: -1 };
        const invocation: Invocation = {
          command,
          instanceId,
          status: 'Pending',
          statusDetails: 'Pending',
          ...empty,
        };
        command.invocations.set(instanceId, invocation);
        const expiry = later(command.expiresAt, () => {
          expire(invocation);
        });
        expiries.set(invocation, expiry);
        // Also without a delay only after the answer to SendCommand is on its way.
        later(command.requestedAt + Math.max(node.delayMs, 1), () => {
          deliver(invocation);
        });
      }
      return command;
    },
    get: (id) => commands.get(id),
    all: () => [...commands.values()].reverse(),
    cameOnline(node) {
      const results = unreported.get(node.id) ?? [];
      unreported.delete(node.id);
      for (const report of results) report();
      const waiting = [...(undelivered.get(node.id) ?? [])];
      undelivered.delete(node.id);
      for (const invocation of waiting) deliver(invocation);
    },
    close() {
      closed = true;
      for (const cancel of timers) cancel();
    },
  };
}

function newCommand(now: number, request: CommandRequest, hiddenMs: number): Command {
  const { document, timeoutSeconds, comment, parameters } = request;
  const script = scriptOf(document, request.values);
  return {
    id: randomUUID(),
    document,
    comment,
    parameters,
    script,
    timeoutSeconds,
    requestedAt: now,
    expiresAt: now + (timeoutSeconds + script.timeoutSeconds) * 1000,
    visibleAt: now + Math.max(invisibleMs, hiddenMs),
    invocations: new Map(),
  };
}

export function nodeArn(platform: Platform, id: string): string {
  return `arn:${platform.partition}:ssm:${platform.region}:${platform.accountId}:managed-instance/${id}`;
}

/** The status of a command from those of its invocations: the worst one, once all have ended. */
export function commandStatus(command: Command): Status {
  const statuses = [...command.invocations.values()].map(({ status }) => status);
  if (statuses.every((status) => status === 'Pending')) return 'Pending';
  if (statuses.some((status) => status === 'Pending' || status === 'InProgress')) return 'InProgress';
  const order: readonly Status[] = ['TimedOut', 'Failed', 'Cancelled'];
  return order.find((status) => statuses.includes(status)) ?? 'Success';
}

/** As the agent cuts: the mark counts towards the limit. */
function cut(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(0, limit - truncated.length) + truncated;
}
