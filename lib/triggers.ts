import { Rule, type EventPattern, type IRuleTarget } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Settings } from '../src/settings/settings.ts';
import type { CommandDocument } from './command-documents.ts';
import { CRL_PREFIX } from './crl-bucket.ts';
import type { Functions } from './functions.ts';
import type { Resources } from './runtime.ts';
import type { WorkflowFunction } from './workflow-function.ts';

const BATCH = 10;
/** A record that fails blocks its shard until it is given up, so soon: the daily reconcile finds the row anyway. */
const STREAM_RETRIES = 3;
/** States of a command in which nothing is to be read yet. */
const NOT_FINISHED = ['Pending', 'InProgress', 'Delayed', 'Cancelling'];

/** What wakes the functions: a changed row, a message, an event. Each is only a hint to look; schedules.ts is the net. */
export class Triggers extends Construct {
  constructor(scope: Construct, id: string, settings: Settings, resources: Resources, functions: Functions) {
    super(scope, id);
    const { queues, documents } = resources;
    this.onChangedRow(resources, functions.certCheck);
    this.onMessage('Issuance', queues.issuance, functions.certIssue);
    this.onMessage('Deployment', queues.deployment, functions.certDeploy, settings.deploymentConcurrency);
    this.onCommandFinished('CsrReady', documents.generateCsr, queues.issuance);
    this.onCommandFinished('DeploymentDone', documents.deployCertificate, queues.deployment);
    this.onCertificateIssued(resources);
    this.onRevocation(resources, functions.crlProcessor);
  }

  private onChangedRow({ inventory, queues }: Resources, target: WorkflowFunction): void {
    new CfnEventSourceMapping(this, 'ChangedRows', {
      functionName: target.function.functionName,
      eventSourceArn: inventory.streamArn,
      startingPosition: 'TRIM_HORIZON', // a row that was put while the stack was deployed counts too
      batchSize: BATCH,
      maximumBatchingWindowInSeconds: 0, // an administrator waits for this one
      bisectBatchOnFunctionError: true,
      maximumRetryAttempts: STREAM_RETRIES,
      functionResponseTypes: ['ReportBatchItemFailures'],
      destinationConfig: { onFailure: { destination: queues.deadLetters.check.queueArn } },
    });
  }

  private onMessage(id: string, queue: Queue, target: WorkflowFunction, maximumConcurrency?: number): void {
    new CfnEventSourceMapping(this, `${id}Messages`, {
      functionName: target.function.functionName,
      eventSourceArn: queue.queueArn,
      batchSize: BATCH,
      functionResponseTypes: ['ReportBatchItemFailures'],
      ...(maximumConcurrency === undefined ? {} : { scalingConfig: { maximumConcurrency } }),
    });
  }

  private onCommandFinished(id: string, document: CommandDocument, queue: Queue): void {
    const pattern = {
      source: ['aws.ssm'],
      detailType: ['EC2 Command Invocation Status-change Notification'],
      detail: {
        // All versions of the document: a command of the previous one may still run.
        'document-name': [{ prefix: document.namePrefix }],
        status: [{ 'anything-but': NOT_FINISHED }],
      },
    };
    this.rule(id, `A host has finished ${document.namePrefix}*`, pattern, new SqsQueue(queue));
  }

  private onCertificateIssued({ authority, queues }: Resources): void {
    const pattern = {
      source: ['aws.acm-pca'],
      detailType: ['ACM Private CA Certificate Issuance'],
      resources: [authority.arn],
    };
    this.rule(
      'CertificateIssued',
      'The CA has issued a certificate',
      pattern,
      new SqsQueue(queues.deployment),
    );
  }

  private onRevocation({ authority, queues }: Resources, target: WorkflowFunction): void {
    const process = new LambdaFunction(target.function, { deadLetterQueue: queues.deadLetters.revocation });
    const written = {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: {
        bucket: { name: [authority.crlBucket.bucket.bucketName] },
        object: { key: [{ wildcard: `${CRL_PREFIX}*.crl` }] },
      },
    };
    const revoked = {
      source: ['aws.acm-pca'],
      detailType: ['ACM Private CA Certificate Revocation'],
      resources: [authority.arn],
    };
    this.rule('CrlWritten', 'The CA has written its CRL', written, process);
    this.rule('CertificateRevoked', 'A certificate of the CA was revoked', revoked, process);
  }

  private rule(id: string, description: string, eventPattern: EventPattern, target: IRuleTarget): void {
    new Rule(this, id, { description, eventPattern, targets: [target] });
  }
}
