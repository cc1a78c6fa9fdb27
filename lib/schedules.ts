import { Aws, Fn, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { seconds } from '../src/settings/durations.ts';
import { NAMES } from '../src/settings/names.ts';
import type { Settings } from '../src/settings/settings.ts';
import { CRL_PREFIX } from './crl-bucket.ts';
import type { Functions } from './functions.ts';
import type { Resources } from './runtime.ts';
import type { WorkflowFunction } from './workflow-function.ts';

const DAILY = 'rate(1 day)';

/** The last net: whatever event was lost, the next tick finds what is due, and the daily reconcile every row and the CRL. */
export class Schedules extends Construct {
  private readonly prefix: string;

  constructor(scope: Construct, id: string, settings: Settings, resources: Resources, functions: Functions) {
    super(scope, id);
    this.prefix = settings.namePrefix;
    const { queues, authority } = resources;
    const check = this.target(functions.certCheck, queues.deadLetters.check, {
      role: 'Role',
      does: 'Lets the schedules invoke CertCheck',
      sid: 'InvokeCertCheck',
    });
    const every = rateExpression(seconds(settings.checkInterval));
    const tick = { certvend: 'tick' };
    this.schedule('Tick', NAMES.tick, every, check(tick), 'Looks for hosts whose next check is due');
    const reconcile = { certvend: 'reconcile' };
    this.schedule('Reconcile', NAMES.reconcile, DAILY, check(reconcile), 'Looks at every row');

    const crl = this.target(functions.crlProcessor, queues.deadLetters.revocation, {
      role: 'CrlRole',
      does: 'Lets the schedule invoke CRLProcessor',
      sid: 'InvokeCrlProcessor',
    });
    const object = {
      bucket: authority.crlBucket.bucket.bucketName,
      key: `${CRL_PREFIX}${Fn.select(1, Fn.split('/', authority.arn))}.crl`,
    };
    const look = crl({ ...reconcile, ...object });
    this.schedule('CrlReconcile', NAMES.crlReconcile, DAILY, look, 'Looks at the CRL of the CA');
  }

  private schedule(
    childId: string,
    name: string,
    scheduleExpression: string,
    target: CfnSchedule.TargetProperty,
    description: string,
  ): void {
    new CfnSchedule(this, childId, {
      name: `${this.prefix}${name}`,
      description,
      scheduleExpression,
      flexibleTimeWindow: { mode: 'OFF' },
      target,
    });
  }

  /** A function with its role for the scheduler; the result makes a target of each input. */
  private target(
    { function: { functionArn } }: WorkflowFunction,
    { queueArn }: Queue,
    named: { readonly role: string; readonly does: string; readonly sid: string },
  ): (input: object) => CfnSchedule.TargetProperty {
    const role = new Role(this, named.role, {
      description: named.does,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': Aws.ACCOUNT_ID,
            'aws:SourceArn': Stack.of(this).formatArn({
              service: 'scheduler',
              resource: 'schedule-group',
              resourceName: 'default',
            }),
          },
        },
      }),
    });
    const allow = (sid: string, action: string, resource: string): void => {
      role.addToPolicy(new PolicyStatement({ sid, actions: [action], resources: [resource] }));
    };
    allow(named.sid, 'lambda:InvokeFunction', functionArn);
    allow('SendToDeadLetters', 'sqs:SendMessage', queueArn);
    return (input) => ({
      arn: functionArn,
      roleArn: role.roleArn,
      input: Stack.of(this).toJsonString(input),
      deadLetterConfig: { arn: queueArn },
      // A tick that comes an hour late has been overtaken by others.
      retryPolicy: { maximumEventAgeInSeconds: 3_600, maximumRetryAttempts: 10 },
    });
  }
}

/** `rate(15 minutes)`; whole minutes only, which the schema of the setting ensures. */
export function rateExpression(spanSeconds: number): string {
  const minutes = spanSeconds / 60;
  return minutes === 1 ? 'rate(1 minute)' : `rate(${String(minutes)} minutes)`;
}
