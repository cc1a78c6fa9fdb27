/** Property schemas of the AWS::Lambda resource types. What is not listed is refused by name. */
import { z } from 'zod';
import { tagsShape } from '../../deploy/tags.ts';
import { LIMITS } from '../../limits.ts';

export const functionShape = z.strictObject({
  FunctionName: z.string().optional(),
  Description: z.string().optional(),
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
  Runtime: z.enum(['nodejs22.x', 'nodejs24.x']),
  Handler: z.string().regex(/^[\w-]+\.\w+$/),
  Role: z.string(),
  Timeout: z.number().int().min(1).max(LIMITS.functionTimeout.value).default(3),
  MemorySize: z.number().int().min(128).max(10_240).default(128),
  Environment: z
    .strictObject({ Variables: z.record(z.string(), z.string()).default({}) })
    .refine(
      ({ Variables }) => bytesOf(Variables) <= LIMITS.functionEnvironmentBytes.value,
      `the variables have more than ${String(LIMITS.functionEnvironmentBytes.value)} bytes`,
    )
    .optional(),
  Architectures: z.array(z.enum(['arm64', 'x86_64'])).optional(),
  PackageType: z.literal('Zip').optional(),
  EphemeralStorage: z.strictObject({ Size: z.number() }).optional(),
  LoggingConfig: z
    .strictObject({
      LogGroup: z.string().optional(),
      // JSON would wrap what functions print.
      LogFormat: z.literal('Text').optional(),
    })
    .optional(),
  TracingConfig: z.strictObject({ Mode: z.enum(['Active', 'PassThrough']) }).optional(),
  DeadLetterConfig: z.strictObject({ TargetArn: z.string() }).optional(),
  ReservedConcurrentExecutions: z.number().int().min(1).optional(),
  Tags: tagsShape,
});
export type FunctionProperties = z.infer<typeof functionShape>;

/** Lambda counts names and values of all variables together. */
function bytesOf(variables: Readonly<Record<string, string>>): number {
  return Buffer.byteLength(JSON.stringify(variables));
}

const onFailure = z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }).optional() });

const mappingCommon = {
  FunctionName: z.string(),
  EventSourceArn: z.string(),
  Enabled: z.boolean().default(true),
  MaximumBatchingWindowInSeconds: z.number().int().min(0).max(LIMITS.batchWindow.value).default(0),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  FilterCriteria: z
    .strictObject({ Filters: z.array(z.strictObject({ Pattern: z.string().max(4096) })).max(5) })
    .optional(),
  Tags: tagsShape,
};
export const queueMappingShape = z.strictObject({
  ...mappingCommon,
  BatchSize: z.number().int().min(1).max(10).default(10),
  ScalingConfig: z.strictObject({ MaximumConcurrency: z.number().int().min(2).max(1000) }).optional(),
});
export type QueueMapping = z.infer<typeof queueMappingShape>;

export const streamMappingShape = z.strictObject({
  ...mappingCommon,
  BatchSize: z.number().int().min(1).max(LIMITS.streamBatch.value).default(100),
  StartingPosition: z.enum(['LATEST', 'TRIM_HORIZON']),
  BisectBatchOnFunctionError: z.boolean().default(false),
  MaximumRetryAttempts: z.number().int().min(-1).max(LIMITS.streamRetries.value).default(-1),
  MaximumRecordAgeInSeconds: z.number().int().min(-1).max(604_800).default(-1),
  ParallelizationFactor: z.literal(1).optional(),
  DestinationConfig: onFailure.optional(),
});
export type StreamMapping = z.infer<typeof streamMappingShape>;

export const permissionShape = z.strictObject({
  FunctionName: z.string(),
  Action: z.literal('lambda:InvokeFunction'),
  Principal: z.string(),
  SourceArn: z.string().optional(),
  SourceAccount: z.string().optional(),
});
export type PermissionProperties = z.infer<typeof permissionShape>;

export const eventInvokeShape = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumRetryAttempts: z.number().int().min(0).max(LIMITS.asynchronousRetries.value).default(2),
  MaximumEventAgeInSeconds: z
    .number()
    .int()
    .min(60)
    .max(LIMITS.asynchronousAge.value)
    .default(LIMITS.asynchronousAge.value),
  DestinationConfig: onFailure.optional(),
});
export type EventInvokeProperties = z.infer<typeof eventInvokeShape>;
