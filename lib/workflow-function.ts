import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function, Runtime, type Code } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { Permission } from './permissions.ts';

export interface WorkflowFunctionProps {
  readonly functionName: string;
  readonly description: string;
  readonly code: Code;
  /** The JSON of RuntimeSettings. */
  readonly runtimeSettings: string;
  /** Namespace and service of the metrics; with the prefix, so that two stacks do not add up. */
  readonly metricsService: string;
  readonly permissions: readonly Permission[];
  /** Takes events of asynchronous invocations that failed to the end. */
  readonly deadLetterQueue?: Queue;
}

/** Functions never wait for a host, so none needs longer. */
const TIMEOUT = Duration.seconds(30);
/** CPU comes with memory; at 512 MB a start takes half as long as at 256 and costs no more. */
const MEMORY_MB = 512;

/** A function with a role and a log group of its own. */
export class WorkflowFunction extends Construct {
  readonly function: Function;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: WorkflowFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${props.functionName}`,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${props.functionName} may do`,
    });
    const writeLogs = new PolicyStatement({
      sid: 'WriteLogs',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    });
    for (const { statement } of [{ statement: writeLogs }, ...props.permissions])
      this.role.addToPolicy(statement);
    this.function = new Function(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      code: props.code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: MEMORY_MB,
      timeout: TIMEOUT,
      role: this.role,
      logGroup,
      environment: {
        CERTVEND: props.runtimeSettings,
        POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
        POWERTOOLS_SERVICE_NAME: props.metricsService,
      },
      ...(props.deadLetterQueue === undefined ? {} : { deadLetterQueue: props.deadLetterQueue }),
    });
    for (const { wildcard } of props.permissions) {
      if (wildcard !== undefined)
        acknowledge(this.role, { [`AwsSolutions-IAM5[${wildcard.finding}]`]: wildcard.reason });
    }
  }
}

export const METRICS_NAMESPACE = 'certvend';
