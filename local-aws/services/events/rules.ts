/** Rules of the default event bus: their schema, and delivery of one event to one target. */
import { z } from 'zod';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { Caller, Json, Platform } from '../../platform.ts';
import { tagsShape } from '../../deploy/tags.ts';
import type { EventPattern } from './pattern.ts';
import { deliver } from './target.ts';

const targetShape = z.strictObject({
  Id: z.string(),
  Arn: z.string(),
  DeadLetterConfig: z.strictObject({ Arn: z.string() }).optional(),
  RetryPolicy: z
    .strictObject({
      MaximumRetryAttempts: z
        .number()
        .int()
        .min(0)
        .max(LIMITS.eventRetries.value)
        .default(LIMITS.eventRetries.value),
      MaximumEventAgeInSeconds: z
        .number()
        .int()
        .min(60)
        .max(LIMITS.eventAge.value)
        .default(LIMITS.eventAge.value),
    })
    .optional(),
});
export type RuleTarget = z.infer<typeof targetShape>;

export const ruleShape = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  EventBusName: z.literal('default').optional(),
  EventPattern: z
    .record(z.string(), z.json())
    .refine(
      (pattern) => JSON.stringify(pattern).length <= LIMITS.eventPattern.value,
      `the pattern has more than ${String(LIMITS.eventPattern.value)} characters`,
    ),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Targets: z.array(targetShape).max(LIMITS.eventTargets.value).default([]),
  Tags: tagsShape,
});

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  readonly pattern: Json;
  readonly matches: EventPattern;
  readonly enabled: boolean;
  readonly targets: readonly RuleTarget[];
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 600_000;
/** Errors after which EventBridge does not try again. */
const FINAL_ERRORS: readonly string[] = [
  'AccessDeniedException',
  'AccessDenied',
  'ResourceNotFoundException',
  'AWS.SimpleQueueService.NonExistentQueue',
  'QueueDoesNotExist',
];

/** Delivers `body` to the target, again and again within the retry policy, then to the dead-letter queue. */
export function deliverEvent(platform: Platform, rule: Rule, target: RuleTarget, body: string): void {
  const caller: Caller = { kind: 'service', service: 'events.amazonaws.com', sourceArn: rule.arn };
  const retries = target.RetryPolicy?.MaximumRetryAttempts ?? LIMITS.eventRetries.value;
  const deadline =
    platform.clock.now() + (target.RetryPolicy?.MaximumEventAgeInSeconds ?? LIMITS.eventAge.value) * 1000;

  const attempt = async (used: number): Promise<void> => {
    try {
      await deliver(platform, caller, target.Arn, { body });
    } catch (error) {
      const final = error instanceof AwsError && FINAL_ERRORS.includes(error.code);
      const next = platform.clock.now() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** used);
      if (!final && used < retries && next <= deadline) {
        platform.clock.at(next, () => void attempt(used + 1));
        return;
      }
      await giveUp(error, used, final);
    }
  };

  const giveUp = async (error: unknown, used: number, final: boolean): Promise<void> => {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`local AWS: rule ${rule.name}: target ${target.Arn}: ${why}\n`);
    if (target.DeadLetterConfig === undefined) return;
    const attributes = {
      RULE_ARN: rule.arn,
      TARGET_ARN: target.Arn,
      ERROR_CODE: error instanceof AwsError ? error.code : 'INTERNAL_ERROR',
      ERROR_MESSAGE: why,
      RETRY_ATTEMPTS: String(used),
      ...(final
        ? {}
        : {
            EXHAUSTED_RETRY_CONDITION: used >= retries ? 'MaximumRetryAttempts' : 'MaximumEventAgeInSeconds',
          }),
    };
    try {
      await deliver(platform, caller, target.DeadLetterConfig.Arn, { body, attributes });
    } catch (lost) {
      process.stderr.write(`local AWS: rule ${rule.name}: dead-letter queue: ${String(lost)}\n`);
    }
  };

  void attempt(0);
}
