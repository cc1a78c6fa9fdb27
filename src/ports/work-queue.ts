import type { OwnMessage } from '../core/messages.ts';

export type QueueName = 'issuance' | 'deployment';

export interface QueuedMessage {
  readonly queue: QueueName;
  readonly message: OwnMessage;
  /** 0..900 (SQS). */
  readonly delaySeconds: number;
}

export interface WorkQueue {
  /** Sends all, in as few calls as possible; throws `Unavailable` when any was not taken. */
  send(messages: readonly QueuedMessage[]): Promise<void>;
}
