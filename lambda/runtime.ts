/**
 * The composition root: settings from the environment, clients, and the ports that each function needs. The only file
 * that reads the environment. Clients are made once per execution environment.
 */
import { ACMPCAClient } from '@aws-sdk/client-acm-pca';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { RolesAnywhereClient } from '@aws-sdk/client-rolesanywhere';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { dynamodbInventory } from '../src/aws/dynamodb-inventory.ts';
import { dynamodbLedger } from '../src/aws/dynamodb-ledger.ts';
import { privateCa } from '../src/aws/private-ca.ts';
import { randomIdentifiers } from '../src/aws/random-identifiers.ts';
import { rolesAnywhereCrls } from '../src/aws/roles-anywhere-crls.ts';
import { s3CrlObjects } from '../src/aws/s3-crl-objects.ts';
import { snsNotices } from '../src/aws/sns-notices.ts';
import { sqsWorkQueue } from '../src/aws/sqs-work-queue.ts';
import { ssmHostCommands } from '../src/aws/ssm-host-commands.ts';
import { ssmManagedNodes } from '../src/aws/ssm-managed-nodes.ts';
import { x509Codec } from '../src/pki/codec.ts';
import type { Inventory } from '../src/ports/inventory.ts';
import type { Ledger } from '../src/ports/ledger.ts';
import type { Progress } from '../src/ports/progress.ts';
import type { WorkQueue } from '../src/ports/work-queue.ts';
import { parseRuntimeSettings } from '../src/settings/runtime-settings.ts';
import type { RuntimeSettings } from '../src/settings/runtime-settings.ts';
import type { AttemptPorts } from '../src/workflows/attempt-work.ts';
import type { CheckPorts } from '../src/workflows/check.ts';
import type { SessionTarget } from '../src/workflows/command-parameters.ts';
import type { CrlRun } from '../src/workflows/process-crl.ts';
import { telemetry } from './telemetry.ts';

export { systemClock } from '../src/aws/system-clock.ts';

export function settingsFromEnvironment(): RuntimeSettings {
  return parseRuntimeSettings(process.env['CERTVEND']);
}

export function checkPorts(settings: RuntimeSettings): CheckPorts {
  const { inventory, ledger } = tables(settings);
  return {
    inventory,
    ledger,
    progress: ledger,
    nodes: ssmManagedNodes(new SSMClient()),
    queue: queues(settings),
    notices: snsNotices(new SNSClient(), settings.topicArn),
    identifiers: randomIdentifiers,
    telemetry,
  };
}

export function attemptPorts(settings: RuntimeSettings): AttemptPorts {
  return {
    ...tables(settings),
    commands: ssmHostCommands(new SSMClient(), {
      GenerateCsr: settings.generateCsrDocument,
      DeployCertificate: settings.deployCertificateDocument,
    }),
    authority: privateCa(new ACMPCAClient(), {
      arn: settings.certificateAuthorityArn,
      templateArn: settings.templateArn,
      signingAlgorithm: settings.signingAlgorithm,
    }),
    codec: x509Codec,
    queue: queues(settings),
    telemetry,
  };
}

export function crlPorts(settings: RuntimeSettings): CrlRun['ports'] {
  // This client is older than AWS_ENDPOINT_URL and has to be told.
  const endpoint = process.env['AWS_ENDPOINT_URL_ROLESANYWHERE'] ?? process.env['AWS_ENDPOINT_URL'];
  return {
    ...tables(settings),
    codec: x509Codec,
    objects: s3CrlObjects(new S3Client({ forcePathStyle: true })),
    lists: rolesAnywhereCrls(
      // All calls about CRLs share one per second: the three usual tries are over before the next one is allowed.
      new RolesAnywhereClient({ maxAttempts: 6, ...(endpoint === undefined ? {} : { endpoint }) }),
      settings.crlName,
      settings.trustAnchorArn,
    ),
    telemetry,
  };
}

export function sessionTarget({ trustAnchorArn, profileArn, roleArn }: RuntimeSettings): SessionTarget {
  return { trustAnchorArn, profileArn, roleArn, region: process.env['AWS_REGION'] ?? '' };
}

function tables(settings: RuntimeSettings): { inventory: Inventory; ledger: Ledger & Progress } {
  const client = new DynamoDBClient();
  return {
    inventory: dynamodbInventory(client, randomIdentifiers, {
      table: settings.inventoryTable,
      dueIndex: settings.dueIndex,
      defaults: settings.hostDefaults,
      issuer: settings.certificateAuthorityArn,
    }),
    ledger: dynamodbLedger(client, {
      table: settings.ledgerTable,
      hostIndex: settings.ledgerHostIndex,
      issuer: settings.certificateAuthorityArn,
    }),
  };
}

function queues(settings: RuntimeSettings): WorkQueue {
  return sqsWorkQueue(new SQSClient(), {
    issuance: settings.issuanceQueueUrl,
    deployment: settings.deploymentQueueUrl,
  });
}
