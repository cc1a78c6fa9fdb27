/** What a queue is made of. */

export interface QueueSettings {
  visibilityTimeout: number;
  retentionPeriod: number;
  delay: number;
  receiveWait: number;
  maximumMessageSize: number;
  redrive: { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number } | undefined;
}

export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: string | undefined;
}

export interface Message {
  readonly id: string;
  readonly body: string;
  readonly md5: string;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly senderId: string;
  readonly sentAt: number;
  /** From here on a receiver may get it. */
  visibleAt: number;
  /** Not visible yet because of its delay, not because somebody has it. */
  delayed: boolean;
  receiveCount: number;
  firstReceivedAt: number | undefined;
  receipt: string | undefined;
  cancelWake: () => void;
}

export interface Queue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly settings: QueueSettings;
  /** Attributes that are only remembered, such as encryption. */
  readonly attributes: Readonly<Record<string, string>>;
  send(message: Pick<Message, 'body' | 'attributes' | 'senderId'>, delaySeconds: number | undefined): Message;
  /** Up to `max` visible messages, oldest first; what was received too often goes to the dead-letter queue instead. */
  receive(max: number, visibilityTimeout: number | undefined): Message[];
  /** Resolves when a message is visible or the time is over. */
  waitForMessage(seconds: number): Promise<void>;
  delete(receipt: string): void;
  changeVisibility(receipt: string, seconds: number): void;
  purge(): void;
  counts(): { readonly visible: number; readonly delayed: number; readonly inFlight: number };
  onMessage(wake: () => void): () => void;
  /** Takes a message over from another queue, with its id and its age. */
  adopt(message: Message): void;
  messages(): readonly Message[];
  close(): void;
}
