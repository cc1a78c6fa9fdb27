import type { WorkItem } from '../../src/core/messages.ts';
import type { QueueName, WorkQueue } from '../../src/ports/work-queue.ts';
import type { Agenda } from './agenda.ts';

/** As the template sets them (lib/queues.ts). */
export const VISIBILITY_SECONDS = 180;
export const MAX_RECEIVES = 5;
/** DelaySeconds of SQS. */
const DELAY_MAX = 900;

export type Receiver = (queue: QueueName, item: WorkItem, redelivered: boolean) => Promise<boolean>;
interface Message {
  readonly queue: QueueName;
  readonly item: WorkItem;
  receives: number;
}

/** Both queues in memory: a message that its receiver does not take comes again, and is at last a dead letter. */
export class MemoryWorkQueue implements WorkQueue {
  readonly deadLetters: Message[] = [];
  waiting = 0;
  receiver: Receiver = () => Promise.resolve(true);
  readonly #agenda: Agenda;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  send: WorkQueue['send'] = (messages) => {
    for (const { queue, message, delaySeconds } of messages) {
      if (delaySeconds < 0 || delaySeconds > DELAY_MAX)
        throw new Error(`SQS takes no delay of ${String(delaySeconds)} s`);
      this.put(queue, message, delaySeconds);
    }
    return Promise.resolve();
  };

  /** What a rule of EventBridge does, too. */
  put(queue: QueueName, item: WorkItem, delaySeconds = 0): void {
    this.waiting += 1;
    this.#deliver({ queue, item, receives: 0 }, delaySeconds);
  }

  /** `aws sqs start-message-move-task`. */
  redrive(): void {
    for (const { queue, item } of this.deadLetters.splice(0)) this.put(queue, item);
  }

  #deliver(message: Message, delaySeconds: number): void {
    this.#agenda.in(delaySeconds, async () => {
      if (message.receives >= MAX_RECEIVES) {
        this.waiting -= 1;
        this.deadLetters.push(message);
        return;
      }
      message.receives += 1;
      if (await this.receiver(message.queue, message.item, message.receives > 1)) this.waiting -= 1;
      else this.#deliver(message, VISIBILITY_SECONDS);
    });
  }
}
