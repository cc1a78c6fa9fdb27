/** One standard queue in moved time: delays, visibility, retention, redrive. Receivers are woken, they need not poll. */
import { createHash, randomUUID } from 'node:crypto';
import { AwsError } from '../../platform.ts';
import type { Clock } from '../../platform.ts';
import type { Message, Queue, QueueSettings } from './queue-types.ts';

/** Makes an empty queue; `find` gives the dead-letter queue by its ARN. */
export function createQueue(options: {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly settings: QueueSettings;
  readonly attributes: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly find: (arn: string) => Queue | undefined;
}): Queue {
  const { clock, settings } = options;
  const messages = new Map<string, Message>();
  const wakers = new Set<() => void>();

  function hide(message: Message, untilMs: number): void {
    message.cancelWake();
    message.visibleAt = untilMs;
    message.cancelWake = untilMs <= clock.now() ? () => undefined : clock.at(untilMs, wakeAll);
  }
  function wakeAll(): void {
    for (const wake of [...wakers]) wake();
  }
  function remove(message: Message): void {
    message.cancelWake();
    messages.delete(message.id);
  }
  function dropOld(): void {
    const limit = clock.now() - settings.retentionPeriod * 1000;
    for (const message of messages.values()) {
      // In order of arrival, except for what came from another queue: those few only live longer.
      if (message.sentAt >= limit) break;
      remove(message);
    }
  }
  function byReceipt(receipt: string): Message | undefined {
    const id = Buffer.from(receipt, 'base64url').toString('utf8').split('/')[1];
    if (id === undefined)
      throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
    const message = messages.get(id);
    // An older handle of a standard queue is accepted and does nothing.
    return message?.receipt === receipt ? message : undefined;
  }
  function put(message: Message): void {
    messages.set(message.id, message);
    if (message.visibleAt <= clock.now()) wakeAll();
    else hide(message, message.visibleAt);
  }

  const queue: Queue = {
    name: options.name,
    url: options.url,
    arn: options.arn,
    createdAt: clock.now(),
    settings,
    attributes: options.attributes,
    send({ body, attributes, senderId }, delaySeconds) {
      const now = clock.now();
      const delay = delaySeconds ?? settings.delay;
      const message: Message = {
        id: randomUUID(),
        body,
        md5: createHash('md5').update(body).digest('hex'),
        attributes,
        senderId,
        sentAt: now,
        visibleAt: now + delay * 1000,
        delayed: delay > 0,
        receiveCount: 0,
        firstReceivedAt: undefined,
        receipt: undefined,
        cancelWake: () => undefined,
      };
      put(message);
      return message;
    },
    receive(max, visibilityTimeout) {
      dropOld();
      const now = clock.now();
      const received: Message[] = [];
      for (const message of messages.values()) {
        if (received.length >= max) break;
        if (message.visibleAt > now) continue;
        const target =
          settings.redrive === undefined ? undefined : options.find(settings.redrive.deadLetterTargetArn);
        if (target !== undefined && message.receiveCount >= (settings.redrive?.maxReceiveCount ?? Infinity)) {
          remove(message);
          target.adopt(message);
          continue;
        }
        message.delayed = false;
        message.receiveCount += 1;
        message.firstReceivedAt ??= now;
        message.receipt = Buffer.from(`${randomUUID()}/${message.id}`).toString('base64url');
        hide(message, now + (visibilityTimeout ?? settings.visibilityTimeout) * 1000);
        received.push(message);
      }
      return received;
    },
    waitForMessage: (seconds) =>
      new Promise((resolve) => {
        const done = (): void => {
          wakers.delete(done);
          cancel();
          resolve();
        };
        const cancel = clock.at(clock.now() + seconds * 1000, done);
        wakers.add(done);
      }),
    delete(receipt) {
      const message = byReceipt(receipt);
      if (message !== undefined) remove(message);
    },
    changeVisibility(receipt, seconds) {
      const message = byReceipt(receipt);
      if (message === undefined || message.visibleAt <= clock.now()) {
        throw new AwsError('MessageNotInflight', 'The message referred to is not in flight.');
      }
      hide(message, clock.now() + seconds * 1000);
      if (seconds === 0) wakeAll();
    },
    purge() {
      for (const message of messages.values()) remove(message);
    },
    counts() {
      dropOld();
      const now = clock.now();
      const hidden = [...messages.values()].filter((message) => message.visibleAt > now);
      const delayed = hidden.filter((message) => message.delayed).length;
      return { visible: messages.size - hidden.length, delayed, inFlight: hidden.length - delayed };
    },
    onMessage(wake) {
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
    adopt(message) {
      put({ ...message, visibleAt: clock.now(), receipt: undefined, cancelWake: () => undefined });
    },
    messages: () => [...messages.values()],
    close() {
      for (const message of messages.values()) message.cancelWake();
    },
  };
  return queue;
}
