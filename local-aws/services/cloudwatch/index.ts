/** CloudWatch alarms and dashboards as recorded state: their properties are checked, nothing is evaluated. */
import { z } from 'zod';
import { parseStrictly, restJson } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { Json, JsonObject, Platform, ResourceType, Service } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';
import { tagsShape } from '../../deploy/tags.ts';

const dimensions = z.array(z.strictObject({ Name: z.string(), Value: z.string() }));
const actions = z.array(z.string()).optional();
const common = {
  AlarmName: z.string().optional(),
  AlarmDescription: z.string().optional(),
  ActionsEnabled: z.boolean().optional(),
  AlarmActions: actions,
  OKActions: actions,
  InsufficientDataActions: actions,
  Tags: tagsShape,
};
const alarmShape = z.strictObject({
  ...common,
  ComparisonOperator: z.string(),
  EvaluationPeriods: z.number().int().min(1),
  DatapointsToAlarm: z.number().int().min(1).optional(),
  Threshold: z.number().optional(),
  ThresholdMetricId: z.string().optional(),
  TreatMissingData: z.enum(['breaching', 'notBreaching', 'ignore', 'missing']).optional(),
  EvaluateLowSampleCountPercentile: z.string().optional(),
  MetricName: z.string().optional(),
  Namespace: z.string().optional(),
  Dimensions: dimensions.optional(),
  Period: z.number().int().optional(),
  Statistic: z.string().optional(),
  ExtendedStatistic: z.string().optional(),
  Unit: z.string().optional(),
  Metrics: z
    .array(
      z.strictObject({
        Id: z.string(),
        AccountId: z.string().optional(),
        Expression: z.string().optional(),
        Label: z.string().optional(),
        Period: z.number().int().optional(),
        ReturnData: z.boolean().optional(),
        MetricStat: z
          .strictObject({
            Metric: z.strictObject({
              Namespace: z.string().optional(),
              MetricName: z.string().optional(),
              Dimensions: dimensions.optional(),
            }),
            Period: z.number().int(),
            Stat: z.string(),
            Unit: z.string().optional(),
          })
          .optional(),
      }),
    )
    .optional(),
});
const compositeShape = z.strictObject({
  ...common,
  AlarmRule: z.string(),
  ActionsSuppressor: z.string().optional(),
  ActionsSuppressorWaitPeriod: z.number().optional(),
  ActionsSuppressorExtensionPeriod: z.number().optional(),
});
const dashboardShape = z.strictObject({ DashboardName: z.string().optional(), DashboardBody: z.string() });

const stateShape = z.strictObject({ AlarmName: z.string(), StateValue: z.enum(['OK', 'ALARM']) });
const actionsShape = z.object({
  AlarmName: z.string(),
  AlarmDescription: z.string().default(''),
  AlarmActions: z.array(z.string()).default([]),
  OKActions: z.array(z.string()).default([]),
});

/** Metrics are not evaluated: an alarm changes its state when it is told to, and then does what the stack says. */
async function raise(
  platform: Platform,
  prefix: string,
  alarms: readonly JsonObject[],
  body: JsonObject,
): Promise<Json> {
  const wanted = parseStrictly(stateShape, body);
  const found = alarms
    .map((one) => actionsShape.parse(one))
    .find((one) => one.AlarmName === wanted.AlarmName);
  if (found === undefined)
    throw new AwsError('ResourceNotFound', `there is no alarm ${wanted.AlarmName}`, 404);
  const topics = wanted.StateValue === 'ALARM' ? found.AlarmActions : found.OKActions;
  for (const TopicArn of topics) {
    await platform.call(
      { kind: 'service', service: 'cloudwatch.amazonaws.com', sourceArn: prefix + found.AlarmName },
      'sns',
      'Publish',
      {
        TopicArn,
        Subject: `${wanted.StateValue}: "${found.AlarmName}"`.slice(0, 100),
        Message: JSON.stringify({
          AlarmName: found.AlarmName,
          NewStateValue: wanted.StateValue,
          AlarmDescription: found.AlarmDescription,
        }),
      },
    );
  }
  return { notified: topics };
}

/** `GET /_local/alarms` and `GET /_local/dashboards` list what the stack made; no API operation is offered. */
export function createCloudwatchService(platform: Platform): Service {
  const alarms: JsonObject[] = [];
  const dashboards: JsonObject[] = [];
  const prefix = `arn:${platform.partition}:cloudwatch:${platform.region}:${platform.accountId}:alarm:`;
  const alarm =
    (shape: typeof alarmShape | typeof compositeShape): ResourceType =>
    (properties, context) => {
      const name = parseStrictly<{ readonly AlarmName?: string | undefined }>(shape, properties).AlarmName;
      const ref = name ?? generatedName(context);
      alarms.push({ ...properties, AlarmName: ref });
      return { ref, attributes: { Arn: prefix + ref } };
    };
  return restJson({
    scope: 'monitoring',
    routes: [],
    operations: {},
    access: platform.access,
    rest: {
      resources: {
        'AWS::CloudWatch::Alarm': alarm(alarmShape),
        'AWS::CloudWatch::CompositeAlarm': alarm(compositeShape),
        'AWS::CloudWatch::Dashboard': (properties, context) => {
          const { DashboardName: name, DashboardBody: body } = parseStrictly(dashboardShape, properties);
          JSON.parse(body);
          const ref = name ?? generatedName(context);
          dashboards.push({ ...properties, DashboardName: ref });
          return { ref };
        },
      },
      controls: {
        'GET /_local/alarms': (): Json => alarms,
        'POST /_local/alarms/state': (body) => raise(platform, prefix, alarms, body),
        'GET /_local/dashboards': (): Json => dashboards,
      },
    },
  });
}
