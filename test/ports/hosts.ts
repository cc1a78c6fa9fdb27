import { CertvendError } from '../../src/core/errors.ts';
import type { CommandName, CommandResult, HostCommands } from '../../src/ports/host-commands.ts';
import type { AgentState, ManagedNodes } from '../../src/ports/managed-nodes.ts';
import type { Agenda } from './agenda.ts';
import { newDisk, resultText, runScript } from './machine.ts';
import type { Answer, Disk, Trouble } from './machine.ts';

/** Delivery time-out of the adapter plus execution time-out of the documents. */
const EXPIRY_SECONDS = 120 + 180;

export interface Host {
  readonly id: string;
  agent: AgentState;
  /** How long the agent takes to fetch a command, and the script to run. */
  delaySeconds: number;
  /** More than one: machines that answer under the same id by turns. */
  disks: Disk[];
  /** What is wrong on the host; `hangs` never ends by itself. */
  trouble: (name: CommandName) => Trouble | 'hangs' | undefined;
  /** Commands that began; the next one goes to the disk with this number. */
  runs: number;
}

export interface SentCommand {
  readonly id: string;
  readonly name: CommandName;
  readonly hostId: string;
  readonly attempt: string;
  readonly sentAt: number;
  readonly parameters: Readonly<Record<string, string>>;
  result: CommandResult;
}

/** Managed nodes and their commands in memory. */
export class MemoryHosts implements HostCommands, ManagedNodes {
  readonly hosts = new Map<string, Host>();
  readonly sent: SentCommand[] = [];
  /** Seconds for which a new command is not known to the service that took it. */
  invisibleSeconds = 0;
  reloadFails = false;
  onFinished: (command: SentCommand) => void = () => undefined;
  readonly #agenda: Agenda;
  #keys = 0;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  add(id: string): Host {
    const host: Host = {
      id,
      agent: 'online',
      delaySeconds: 3,
      disks: [newDisk()],
      trouble: () => undefined,
      runs: 0,
    };
    this.hosts.set(id, host);
    return host;
  }

  host(id: string): Host {
    const found = this.hosts.get(id);
    if (found === undefined) throw new Error(`there is no host ${id}`);
    return found;
  }

  states: ManagedNodes['states'] = (ids) =>
    Promise.resolve(new Map(ids.map((id) => [id, this.hosts.get(id)?.agent ?? 'unknown'])));

  send: HostCommands['send'] = (name, hostId, attempt, parameters) => {
    const host = this.hosts.get(hostId);
    if (host === undefined || host.agent === 'unknown')
      return Promise.reject(new CertvendError('NotFound', `SendCommand: InvalidInstanceId: ${hostId}`));
    const id = `00000000-0000-4000-8000-${String(this.sent.length).padStart(12, '0')}`;
    const pending: CommandResult = { state: 'pending', attempt, stdout: '', detail: 'Pending' };
    const sentAt = this.#agenda.now();
    const command: SentCommand = { id, name, hostId, attempt, sentAt, parameters, result: pending };
    this.sent.push(command);
    this.#agenda.in(host.delaySeconds, () => {
      this.#start(command, host);
    });
    this.#agenda.in(EXPIRY_SECONDS, () => {
      if (command.result.state === 'pending') this.#finish(command, 'timedOut', '', 'DeliveryTimedOut');
    });
    return Promise.resolve();
  };

  result: HostCommands['result'] = (commandId) => {
    const found = this.sent[Number(commandId.slice(-12))];
    return Promise.resolve(found !== undefined && this.#isVisible(found) ? found.result : undefined);
  };

  find: HostCommands['find'] = (name, hostId, attempt, since) => {
    const found = this.sent.findLast(
      (sent) =>
        sent.attempt === attempt &&
        sent.name === name &&
        sent.hostId === hostId &&
        sent.sentAt >= since &&
        this.#isVisible(sent),
    );
    return Promise.resolve(found?.result);
  };

  #isVisible({ sentAt }: SentCommand): boolean {
    return sentAt + this.invisibleSeconds <= this.#agenda.now();
  }

  #start(command: SentCommand, host: Host): void {
    if (host.agent !== 'online' || command.result.state !== 'pending') return;
    const { name, attempt, hostId, parameters } = command;
    const disk = host.disks[host.runs % host.disks.length];
    host.runs += 1;
    const trouble = host.trouble(name);
    if (trouble === 'hangs' || disk === undefined) return;
    const answer: Answer =
      trouble === undefined
        ? runScript(name, disk, parameters, () => `${hostId} key ${String((this.#keys += 1))}`)
        : { ok: false, ...trouble };
    const text = resultText(attempt, hostId, answer);
    const stdout = this.reloadFails ? text.replace('"reload":"done"', '"reload":"failed"') : text;
    this.#finish(command, answer.ok ? 'succeeded' : 'failed', stdout, answer.ok ? 'Success' : 'Failed');
  }

  #finish(command: SentCommand, state: CommandResult['state'], stdout: string, detail: string): void {
    command.result = { state, attempt: command.attempt, stdout, detail };
    this.onFinished(command);
  }
}
