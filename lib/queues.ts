import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption, type DeadLetterQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { NAMES } from '../src/settings/names.ts';
import type { Settings } from '../src/settings/settings.ts';

/** Six times the functions' time-out, as Lambda asks for; a message being worked on is not seen by a second function. */
const VISIBILITY = Duration.seconds(180);
const MAX_RECEIVES = 5;
const DEAD_LETTERS_KEPT = Duration.days(14);

/** The two work queues, and where everything ends up that was tried often enough in vain. */
export class Queues extends Construct {
  readonly issuance: Queue;
  readonly deployment: Queue;
  /** Dead letters by what they were meant for; every one of them has an alarm. */
  readonly deadLetters: {
    readonly check: Queue;
    readonly issuance: Queue;
    readonly deployment: Queue;
    readonly revocation: Queue;
  };

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const deadLetters = (childId: string, name: string): Queue =>
      new Queue(this, childId, {
        ...common,
        queueName: `${settings.namePrefix}${name}${NAMES.deadLetters}`,
        retentionPeriod: DEAD_LETTERS_KEPT,
      });
    const work = (childId: string, name: string, queue: Queue): Queue => {
      const deadLetterQueue: DeadLetterQueue = { queue, maxReceiveCount: MAX_RECEIVES };
      const queueName = `${settings.namePrefix}${name}`;
      return new Queue(this, childId, {
        ...common,
        queueName,
        deadLetterQueue,
        visibilityTimeout: VISIBILITY,
      });
    };
    this.deadLetters = {
      check: deadLetters('CheckDeadLetters', NAMES.checkQueue),
      issuance: deadLetters('IssuanceDeadLetters', NAMES.issuanceQueue),
      deployment: deadLetters('DeploymentDeadLetters', NAMES.deploymentQueue),
      revocation: deadLetters('RevocationDeadLetters', NAMES.revocationQueue),
    };
    this.issuance = work('Issuance', NAMES.issuanceQueue, this.deadLetters.issuance);
    this.deployment = work('Deployment', NAMES.deploymentQueue, this.deadLetters.deployment);
  }
}

const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
