import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Metric,
  Stats,
  TreatMissingData,
  type AlarmProps,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import { seconds } from '../src/settings/durations.ts';
import { CERTIFICATES_PER_CA_ALARM } from '../src/settings/relations.ts';
import type { Settings } from '../src/settings/settings.ts';
import type { Functions } from './functions.ts';
import type { Resources } from './runtime.ts';
import { METRICS_NAMESPACE, type WorkflowFunction } from './workflow-function.ts';

const FIVE_MINUTES = Duration.minutes(5);
const HOUR = Duration.hours(1);
/** So many ticks in a row without an invocation are silence. */
const MISSED_TICKS = 2;

/** What nobody must overlook. Each goes to the topic; the runbook has a section for each, by the alarm's id here. */
export class Alarms extends Construct {
  private readonly action: SnsAction;

  constructor(scope: Construct, id: string, settings: Settings, resources: Resources, functions: Functions) {
    super(scope, id);
    this.action = new SnsAction(resources.notifications.topic);
    this.onDeadLetters(resources);
    this.onFunction('CertCheck', functions.certCheck);
    this.onFunction('CertIssue', functions.certIssue);
    this.onFunction('CertDeploy', functions.certDeploy);
    this.onFunction('CrlProcessor', functions.crlProcessor);
    this.onSilence(settings, functions.certCheck);
    this.onAuthority(settings, resources);
  }

  private onDeadLetters({ queues }: Resources): void {
    for (const [name, queue] of Object.entries(queues.deadLetters)) {
      const metric = queue.metricApproximateNumberOfMessagesVisible({
        period: FIVE_MINUTES,
        statistic: Stats.MAXIMUM,
      });
      this.alarm(`${capitalized(name)}DeadLetters`, metric, 1, {
        alarmDescription: `Something for ${name} was tried in vain until it was given up; it waits in the queue of dead letters`,
      });
    }
  }

  private onFunction(name: string, { function: lambda }: WorkflowFunction): void {
    this.alarm(`${name}Errors`, lambda.metricErrors({ period: FIVE_MINUTES }), 1, {
      alarmDescription: `${name} fails again and again; its log says why`,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
    });
    this.alarm(`${name}Throttles`, lambda.metricThrottles({ period: FIVE_MINUTES }), 1, {
      alarmDescription: `${name} is throttled: the account's concurrent executions are used up`,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
    });
  }

  /** The dead man's handle: when no tick comes, nothing else would ever complain. */
  private onSilence(settings: Settings, { function: lambda }: WorkflowFunction): void {
    const hours = Math.ceil((seconds(settings.checkInterval) * MISSED_TICKS) / HOUR.toSeconds());
    this.alarm('CertCheckSilent', lambda.metricInvocations({ period: HOUR }), 1, {
      alarmDescription: 'CertCheck was not invoked: no host is renewed; look at the schedule certvend-tick',
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
      evaluationPeriods: hours,
    });
  }

  private onAuthority(settings: Settings, { authority }: Resources): void {
    this.alarm(
      'CertificatesOfAuthority',
      ours(settings, 'CertificatesOfAuthority', Stats.MAXIMUM),
      CERTIFICATES_PER_CA_ALARM,
      {
        alarmDescription:
          'The CA has issued 70 % of the 1,000,000 certificates it can issue in its life; plan a new one',
      },
    );
    this.alarm('FleetDailyLimit', ours(settings, 'RefusedByFleetLimit', Stats.SUM), 1, {
      alarmDescription:
        'Hosts wait until tomorrow, because maxIssuancesPerFleetPerDay is reached; find out what asks for so many certificates',
    });
    if (!settings.sharedCA) {
      this.alarm('ForeignIssuances', ours(settings, 'ForeignIssuances', Stats.SUM), 1, {
        alarmDescription:
          'The CA issued a certificate that certvend did not ask for; set sharedCA if that is intended',
      });
    }
    const misconfigured = new Metric({
      namespace: 'AWS/ACMPrivateCA',
      metricName: 'MisconfiguredCRLBucket',
      dimensionsMap: { PrivateCAArn: authority.arn },
      period: FIVE_MINUTES,
      statistic: Stats.SUM,
    });
    this.alarm('CrlBucketMisconfigured', misconfigured, 1, {
      alarmDescription: 'The CA cannot write its CRL to the bucket: revocations have no effect',
    });
  }

  private alarm(
    id: string,
    metric: IMetric,
    threshold: number,
    props: Partial<AlarmProps> & Required<Pick<AlarmProps, 'alarmDescription'>>,
  ): void {
    new Alarm(this, id, {
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...props,
    }).addAlarmAction(this.action);
  }
}

const ours = (settings: Settings, metricName: string, statistic: string): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: `${settings.namePrefix}certvend` },
    period: HOUR,
    statistic,
  });

const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
