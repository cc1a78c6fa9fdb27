/**
 * The messages of the two queues. Some are ours; the others are EventBridge events that the rules put there. Events only
 * accelerate: whatever they say is looked up again at the service that knows.
 */
export type OwnMessage = {
  /**
   * `start`: the attempt was just claimed. `resume`: it is overdue, or parked and due again. `lookAgain`: the delayed
   * self-check, which travels with its attempt from the one queue to the other until the attempt ends.
   */
  readonly kind: 'start' | 'resume' | 'lookAgain';
  readonly hostId: string;
  readonly attempt: string;
};

export interface CommandFinished {
  readonly kind: 'commandFinished';
  readonly hostId: string;
  readonly commandId: string;
}

export interface CertificateIssued {
  readonly kind: 'certificateIssued';
  readonly certificateArn: string;
  readonly succeeded: boolean;
}

export type WorkItem = OwnMessage | CommandFinished | CertificateIssued;

/** Seconds after which an attempt looks at the truth by itself, should every event be lost. */
export const LOOK_AGAIN_SECONDS = 90;
