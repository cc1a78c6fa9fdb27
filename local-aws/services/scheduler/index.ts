/** EventBridge Scheduler: schedules of the template, fired on the moved clock. A jump fires each of them once. */
import { z } from 'zod';
import { operation, parseStrictly, restJson } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { JsonObject, Platform, ResourceType, Service } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';
import { assertTarget } from '../events/target.ts';
import { arm, assertAssumable, scheduleShape } from './schedule.ts';
import type { Schedule } from './schedule.ts';

/** Control: `GET /_local/schedules` lists each schedule and when it fires next. */
export function createSchedulerService(platform: Platform): Service {
  const schedules = new Map<string, Schedule>();
  const resource: ResourceType = (input, context) => {
    const properties = parseStrictly(scheduleShape, input);
    const name = properties.Name ?? generatedName(context);
    if (schedules.has(name)) throw new AwsError('ConflictException', `Schedule ${name} already exists.`, 409);
    const arn = `arn:${platform.partition}:scheduler:${platform.region}:${platform.accountId}:schedule/default/${name}`;
    assertTarget(properties.Target.Arn);
    assertAssumable(platform, properties.Target.RoleArn, arn);
    const schedule: Schedule = { name, arn, properties };
    schedules.set(name, schedule);
    if (properties.State === 'ENABLED') arm(platform, schedule);
    return { ref: name, attributes: { Arn: arn } };
  };
  return restJson({
    scope: 'scheduler',
    routes: [{ method: 'GET', path: '/schedules', operation: 'ListSchedules' }],
    operations: {
      ListSchedules: operation({
        input: z.strictObject({}),
        needs: () => [{ action: 'scheduler:ListSchedules', resource: '*' }],
        run: () => ({ Schedules: [...schedules.values()].map(summary) }),
      }),
    },
    access: platform.access,
    rest: {
      resources: { 'AWS::Scheduler::Schedule': resource },
      controls: {
        'GET /_local/schedules': () =>
          [...schedules.values()].map(({ name, properties, nextAt }) => ({
            name,
            expression: properties.ScheduleExpression,
            nextAt: nextAt === undefined ? null : new Date(nextAt).toISOString(),
          })),
      },
    },
  });
}

function summary({ name, arn, properties }: Schedule): JsonObject {
  return {
    Name: name,
    Arn: arn,
    GroupName: 'default',
    State: properties.State,
    Target: { Arn: properties.Target.Arn },
  };
}
