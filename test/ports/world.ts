/**
 * Everything around the workflows in memory and in virtual time: tables, queues that redeliver, events, schedules with
 * their retries, a CA, hosts. What the four handlers of lambda/ do between an event and a workflow is done here likewise.
 */
import { CertvendError } from '../../src/core/errors.ts';
import type { HostDefaults, IssuancePolicy } from '../../src/core/facts.ts';
import type { WorkItem } from '../../src/core/messages.ts';
import type { Metric, Telemetry } from '../../src/ports/telemetry.ts';
import type { QueueName } from '../../src/ports/work-queue.ts';
import type { Notice } from '../../src/core/notices.ts';
import type { Row } from '../../src/aws/inventory-row.ts';
import type { AttemptPorts } from '../../src/workflows/attempt-work.ts';
import { checkDue, checkHosts, reconcile, rowsDeleted } from '../../src/workflows/check.ts';
import type { CheckPorts, CheckRun } from '../../src/workflows/check.ts';
import { deploy } from '../../src/workflows/deploy.ts';
import { issue } from '../../src/workflows/issue.ts';
import { CA, DEFAULTS, NOW, POLICY } from '../builders/facts.ts';
import { Agenda } from './agenda.ts';
import { MemoryAuthority, memoryCodec } from './certificates.ts';
import { Crash, Faults } from './faults.ts';
import { MemoryHosts } from './hosts.ts';
import { MemoryInventory } from './inventory.ts';
import { MemoryLedger } from './ledger.ts';
import { MemoryWorkQueue } from './work-queue.ts';

const TARGET = {
  trustAnchorArn: 'arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/ta',
  profileArn: 'arn:aws:rolesanywhere:us-east-1:123456789012:profile/p',
  roleArn: 'arn:aws:iam::123456789012:role/IAMRA-Role',
  region: 'us-east-1',
};
const DAY = 86_400;
/** Retries of the stream's event source (lib/triggers.ts), and of asynchronous invocations. */
const STREAM_RETRIES = [1, 1, 1];
const ASYNC_RETRIES = [60, 120];

export class World {
  readonly agenda = new Agenda(NOW);
  readonly faults = new Faults(this.agenda);
  readonly ledger = new MemoryLedger();
  readonly hosts = new MemoryHosts(this.agenda);
  readonly authority = new MemoryAuthority(this.agenda, CA);
  readonly queue = new MemoryWorkQueue(this.agenda);
  readonly notices: Notice[] = [];
  readonly counts = new Map<Metric, number>();
  readonly inventory: MemoryInventory;
  /** Errors that no AWS call caused: mistakes of the code under test. */
  readonly mistakes: unknown[] = [];
  /** Stream records and invocations that were given up. */
  lostInvocations = 0;
  /** Delays with which an event arrives: none, it is lost; several, it is doubled. */
  eventDelays: (item: WorkItem) => readonly number[] = () => [1];
  defaults: HostDefaults = DEFAULTS;
  policy: IssuancePolicy;
  readonly #checkPorts: CheckPorts;
  readonly #attemptPorts: AttemptPorts;

  constructor(policy: Partial<IssuancePolicy> = {}) {
    this.policy = { ...POLICY, ...policy };
    this.inventory = new MemoryInventory(() => this.defaults, CA);
    this.inventory.onChange = (before, after) => {
      this.#streamRecord(before, after, STREAM_RETRIES);
    };
    this.hosts.onFinished = ({ id: commandId, hostId, name }) => {
      this.event(name === 'GenerateCsr' ? 'issuance' : 'deployment', {
        kind: 'commandFinished',
        commandId,
        hostId,
      });
    };
    this.authority.onIssued = (certificateArn, succeeded) => {
      this.event('deployment', { kind: 'certificateIssued', certificateArn, succeeded });
    };
    this.queue.receiver = (queue, item, redelivered) => this.#receive(queue, item, redelivered);
    const telemetry: Telemetry = {
      info: () => undefined,
      warn: () => undefined,
      gauge: () => undefined,
      count: (metric, value = 1) => this.counts.set(metric, (this.counts.get(metric) ?? 0) + value),
    };
    const common = {
      inventory: this.faults.around('inventory', this.inventory),
      ledger: this.faults.around('ledger', this.ledger),
      queue: this.faults.around('queue', this.queue),
      telemetry,
    };
    let attempts = 0;
    this.#checkPorts = {
      ...common,
      nodes: this.faults.around('nodes', this.hosts),
      notices: this.faults.around('notices', {
        publish: (notice: Notice) => Promise.resolve(void this.notices.push(notice)),
      }),
      identifiers: {
        newAttempt: () => `01JD${String((attempts += 1)).padStart(22, '0')}`,
        newRevision: () => '',
      },
      progress: this.faults.around('progress', this.ledger),
    };
    this.#attemptPorts = {
      ...common,
      commands: this.faults.around('commands', this.hosts),
      authority: this.faults.around('authority', this.authority),
      codec: memoryCodec,
    };
    this.#every(this.policy.checkIntervalSeconds, checkDue);
    this.#every(DAY, reconcile);
  }

  run(seconds: number): Promise<void> {
    return this.agenda.run(seconds);
  }

  /** A host with its agent online, and its row. */
  enrol(id: string): void {
    this.hosts.add(id);
    this.inventory.put({ hostID: id });
  }

  /** `aws lambda invoke` of CertCheck-Trigger. */
  async invokeCheck(): Promise<void> {
    await this.#invoke(() => reconcile(this.#checkRun()), []);
  }

  event(queue: QueueName, item: WorkItem): void {
    for (const delay of this.eventDelays(item)) this.queue.put(queue, item, delay);
  }

  row(id: string): Row {
    return this.inventory.rows.get(id) ?? {};
  }

  #checkRun(): CheckRun {
    return { ports: this.#checkPorts, policy: this.policy, now: this.agenda.now(), hasTime: () => true };
  }

  #every(seconds: number, work: (run: CheckRun) => Promise<unknown>): void {
    this.agenda.in(seconds, async () => {
      this.#every(seconds, work);
      await this.#invoke(() => work(this.#checkRun()), ASYNC_RETRIES);
    });
  }

  async #invoke(work: () => Promise<unknown>, retries: readonly number[]): Promise<boolean> {
    this.faults.newInvocation();
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof CertvendError) && !(error instanceof Crash)) this.mistakes.push(error);
      const [wait, ...rest] = retries;
      if (wait === undefined) this.lostInvocations += 1;
      else
        this.agenda.in(wait, async () => {
          await this.#invoke(work, rest);
        });
      return false;
    }
  }

  #streamRecord(before: Row | undefined, after: Row | undefined, retries: readonly number[]): void {
    const own = after?.['revision'] !== undefined && after['revision'] !== before?.['revision'];
    if (own) return;
    const work = async (): Promise<void> => {
      const run = this.#checkRun();
      if (after !== undefined) await checkHosts([this.inventory.facts(after)], run);
      else if (before !== undefined) await rowsDeleted([this.inventory.facts(before)], run.ports, run.now);
    };
    this.agenda.in(1, async () => {
      await this.#invoke(work, retries);
    });
  }

  #receive(queue: QueueName, item: WorkItem, redelivered: boolean): Promise<boolean> {
    const run = { ports: this.#attemptPorts, policy: this.policy, now: this.agenda.now(), redelivered };
    return this.#invoke(async () => {
      if (queue === 'deployment') await deploy(item, { ...run, target: TARGET });
      else if (item.kind !== 'certificateIssued') await issue(item, run);
    }, []);
  }
}
