import { Aws, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { seconds } from '../src/settings/durations.ts';
import { NAMES } from '../src/settings/names.ts';
import type { Settings } from '../src/settings/settings.ts';
import type { Queues } from './queues.ts';
import type { WorkflowFunction } from './workflow-function.ts';

/** The last net: whatever event was lost, the next tick finds what is due, and the daily reconcile every row. */
export class Schedules extends Construct {
  constructor(
    scope: Construct,
    id: string,
    settings: Settings,
    target: WorkflowFunction,
    { deadLetters }: Queues,
  ) {
    super(scope, id);
    const role = this.createRole(target, deadLetters.check.queueArn);
    const schedule = (
      childId: string,
      name: string,
      expression: string,
      input: string,
      description: string,
    ): void => {
      new CfnSchedule(this, childId, {
        name: `${settings.namePrefix}${name}`,
        description,
        scheduleExpression: expression,
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: target.function.functionArn,
          roleArn: role.roleArn,
          input: JSON.stringify({ certvend: input }),
          deadLetterConfig: { arn: deadLetters.check.queueArn },
          // A tick that comes an hour late has been overtaken by others.
          retryPolicy: { maximumEventAgeInSeconds: 3_600, maximumRetryAttempts: 10 },
        },
      });
    };
    const every = rateExpression(seconds(settings.checkInterval));
    schedule('Tick', NAMES.tick, every, 'tick', 'Looks for hosts whose next check is due');
    schedule('Reconcile', NAMES.reconcile, 'rate(1 day)', 'reconcile', 'Looks at every row');
  }

  private createRole({ function: { functionArn } }: WorkflowFunction, deadLettersArn: string): Role {
    const role = new Role(this, 'Role', {
      description: 'Lets the schedules invoke CertCheck',
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
    role.addToPolicy(
      new PolicyStatement({
        sid: 'InvokeCertCheck',
        actions: ['lambda:InvokeFunction'],
        resources: [functionArn],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        sid: 'SendToDeadLetters',
        actions: ['sqs:SendMessage'],
        resources: [deadLettersArn],
      }),
    );
    return role;
  }
}

/** `rate(15 minutes)`; whole minutes only, which the schema of the setting ensures. */
export function rateExpression(spanSeconds: number): string {
  const minutes = spanSeconds / 60;
  return minutes === 1 ? 'rate(1 minute)' : `rate(${String(minutes)} minutes)`;
}
