/** One schedule: when it fires, and the attempts to reach its target. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { Platform } from '../../platform.ts';
import { deliver, roleCaller } from '../events/target.ts';
import { parseExpression } from './expression.ts';

export const scheduleShape = z.strictObject({
  Name: z.string().optional(),
  GroupName: z.literal('default').optional(),
  Description: z.string().optional(),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.enum(['UTC', 'Etc/UTC']).optional(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  FlexibleTimeWindow: z.discriminatedUnion('Mode', [
    z.strictObject({ Mode: z.literal('OFF') }),
    z.strictObject({
      Mode: z.literal('FLEXIBLE'),
      MaximumWindowInMinutes: z.number().int().min(1).max(1440),
    }),
  ]),
  Target: z.strictObject({
    Arn: z.string(),
    RoleArn: z.string(),
    Input: z.string().default('{}'),
    RetryPolicy: z
      .strictObject({
        MaximumRetryAttempts: z
          .number()
          .int()
          .min(0)
          .max(LIMITS.scheduleRetries.value)
          .default(LIMITS.scheduleRetries.value),
        MaximumEventAgeInSeconds: z
          .number()
          .int()
          .min(60)
          .max(LIMITS.scheduleAge.value)
          .default(LIMITS.scheduleAge.value),
      })
      .optional(),
    DeadLetterConfig: z.strictObject({ Arn: z.string() }).optional(),
  }),
});
export type ScheduleProperties = z.infer<typeof scheduleShape>;

export interface Schedule {
  readonly name: string;
  readonly arn: string;
  readonly properties: ScheduleProperties;
  /** When it fires next; absent when disabled. */
  nextAt?: number;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 300_000;

/** Throws when Scheduler could not assume the execution role. */
export function assertAssumable(platform: Platform, roleArn: string, scheduleArn: string): void {
  // Scheduler identifies itself by the schedule group, not by the single schedule.
  const group = scheduleArn.replace(/:schedule\/default\/.*$/, ':schedule-group/default');
  const context = { 'aws:SourceAccount': platform.accountId, 'aws:SourceArn': group };
  const verdict = platform.access.mayAssume(roleArn, 'scheduler.amazonaws.com', 'sts:AssumeRole', context);
  if (verdict.allowed) return;
  const message = `The execution role you provide must allow AWS EventBridge Scheduler to assume the role: ${verdict.reason}`;
  throw new AwsError('ValidationException', message);
}

/** Waits for the next time; what lies before "now" after a jump was missed and is not made up for. */
export function arm(platform: Platform, schedule: Schedule): void {
  const next = parseExpression(schedule.properties.ScheduleExpression);
  const plan = (): void => {
    const dueAt = next(platform.clock.now());
    schedule.nextAt = dueAt;
    platform.clock.at(dueAt, () => {
      plan();
      fire(platform, schedule, dueAt);
    });
  };
  plan();
}

function fire(platform: Platform, schedule: Schedule, dueAt: number): void {
  const { Target: target } = schedule.properties;
  const caller = roleCaller(target.RoleArn, schedule.name);
  const executionId = randomUUID();
  const deadline =
    platform.clock.now() + (target.RetryPolicy?.MaximumEventAgeInSeconds ?? LIMITS.scheduleAge.value) * 1000;
  const retries = target.RetryPolicy?.MaximumRetryAttempts ?? LIMITS.scheduleRetries.value;

  const attempt = async (used: number): Promise<void> => {
    const body = target.Input.replaceAll('<aws.scheduler.schedule-arn>', schedule.arn)
      .replaceAll('<aws.scheduler.scheduled-time>', new Date(dueAt).toISOString().replace(/\.\d+Z$/, 'Z'))
      .replaceAll('<aws.scheduler.execution-id>', executionId)
      .replaceAll('<aws.scheduler.attempt-number>', String(used + 1));
    try {
      assertAssumable(platform, target.RoleArn, schedule.arn);
      await deliver(platform, caller, target.Arn, { body });
    } catch (error) {
      const retryAt = platform.clock.now() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** used);
      const final = error instanceof AwsError && error.status < 500 && !error.code.startsWith('Thrott');
      if (!final && used < retries && retryAt <= deadline) {
        platform.clock.at(retryAt, () => void attempt(used + 1));
        return;
      }
      await giveUp(error, body);
    }
  };

  const giveUp = async (error: unknown, body: string): Promise<void> => {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`local AWS: schedule ${schedule.name}: ${why}\n`);
    if (target.DeadLetterConfig === undefined) return;
    const attributes = { SCHEDULE_ARN: schedule.arn, TARGET_ARN: target.Arn, ERROR_MESSAGE: why };
    await deliver(platform, caller, target.DeadLetterConfig.Arn, { body, attributes }).catch(
      (lost: unknown) => {
        process.stderr.write(`local AWS: schedule ${schedule.name}: dead-letter queue: ${String(lost)}\n`);
      },
    );
  };

  void attempt(0);
}
