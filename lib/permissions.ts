import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { DUE_INDEX, LEDGER_HOST_INDEX } from '../src/settings/names.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import type { CommandDocument } from './command-documents.ts';
import { CRL_PREFIX, type CrlBucket } from './crl-bucket.ts';
import type { Inventory } from './inventory.ts';
import type { Notifications } from './notifications.ts';

/** A `*` in a resource: how cdk-nag names the finding, and why it has to be. */
export interface Wildcard {
  readonly finding: string;
  readonly reason: string;
}

/** What one function may do on one kind of resource. A resource with a `*` comes with its reason. */
export interface Permission {
  readonly statement: PolicyStatement;
  readonly wildcard?: Wildcard;
}

interface Grant {
  /** Names the statement in the template and in the log of what each function needed. */
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, unknown>>;
  readonly wildcard?: Wildcard;
}

function allow({ sid, actions, resources, conditions = {}, wildcard }: Grant): Permission {
  const statement = new PolicyStatement({
    sid,
    actions: [...actions],
    resources: [...resources],
    conditions: { ...conditions },
  });
  return wildcard === undefined ? { statement } : { statement, wildcard };
}

/** The action has no resource that IAM could name, so it is granted for all or not at all. */
const withoutResource = (sid: string, actions: readonly string[], reason: string): Permission =>
  allow({ sid, actions, resources: ['*'], wildcard: { finding: 'Resource::*', reason } });

/** Resources of this account and Region whose names others choose. */
function anyOf(
  scope: Construct,
  service: string,
  resource: string,
): { readonly arn: string; readonly finding: string } {
  return {
    arn: Stack.of(scope).formatArn({ service, resource, resourceName: '*' }),
    finding: `Resource::arn:<AWS::Partition>:${service}:<AWS::Region>:<AWS::AccountId>:${resource}/*`,
  };
}

const index = (table: Table, name: string): string => `${table.tableArn}/index/${name}`;

export const onInventory = (sid: string, { inventory }: Inventory, actions: readonly string[]): Permission =>
  allow({ sid, actions, resources: [inventory.tableArn] });

export const queryDueHosts = ({ inventory }: Inventory): Permission =>
  allow({ sid: 'QueryDueHosts', actions: ['dynamodb:Query'], resources: [index(inventory, DUE_INDEX)] });

export const readInventoryStream = ({ streamArn }: Inventory): Permission =>
  allow({
    sid: 'ReadInventoryStream',
    actions: [
      'dynamodb:DescribeStream',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
      'dynamodb:ListStreams',
    ],
    resources: [streamArn],
  });

export const onLedger = (sid: string, { ledger }: Inventory, actions: readonly string[]): Permission =>
  allow({ sid, actions, resources: [ledger.tableArn] });

export const queryLedgerByHost = ({ ledger }: Inventory): Permission =>
  allow({
    sid: 'QueryLedgerByHost',
    actions: ['dynamodb:Query'],
    resources: [index(ledger, LEDGER_HOST_INDEX)],
  });

export const consume = (sid: string, { queueArn }: Queue): Permission =>
  allow({
    sid,
    actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    resources: [queueArn],
  });

export const send = (sid: string, ...queues: readonly Queue[]): Permission =>
  allow({ sid, actions: ['sqs:SendMessage'], resources: queues.map(({ queueArn }) => queueArn) });

export const publish = ({ topic, key }: Notifications): Permission[] => [
  allow({ sid: 'PublishDigests', actions: ['sns:Publish'], resources: [topic.topicArn] }),
  allow({ sid: 'EncryptDigests', actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key.keyArn] }),
];

/** One document, on managed nodes only: neither AWS-RunShellScript nor an EC2 instance is in reach. */
export function sendCommand(scope: Construct, document: CommandDocument): Permission {
  const nodes = anyOf(scope, 'ssm', 'managed-instance');
  return allow({
    sid: 'SendCommand',
    actions: ['ssm:SendCommand'],
    resources: [document.documentArn, nodes.arn],
    wildcard: {
      finding: nodes.finding,
      reason: 'Any managed node may be enrolled by writing a row; what it is sent is one document of ours.',
    },
  });
}

export const readCommandResults = (): Permission =>
  withoutResource(
    'ReadCommandResults',
    ['ssm:GetCommandInvocation', 'ssm:ListCommandInvocations'],
    'IAM knows no resource for the result of a command.',
  );

export const readNodeStates = (): Permission =>
  withoutResource(
    'ReadNodeStates',
    ['ssm:DescribeInstanceInformation'],
    'IAM knows no resource for the list of managed nodes.',
  );

/** Templates copy the subject of a CSR; the pinned one at least makes nothing but a client certificate of it. */
export const issueCertificate = ({ arn, templateArn }: CertificateAuthority): Permission =>
  allow({
    sid: 'IssueFromTheOneTemplate',
    actions: ['acm-pca:IssueCertificate'],
    resources: [arn],
    conditions: { StringEquals: { 'acm-pca:TemplateArn': templateArn } },
  });

export const getCertificate = ({ arn }: CertificateAuthority): Permission =>
  allow({ sid: 'GetCertificate', actions: ['acm-pca:GetCertificate'], resources: [arn] });

export const readCrls = ({ bucket }: CrlBucket): Permission[] => [
  allow({
    sid: 'ReadCrls',
    actions: ['s3:GetObject'],
    resources: [bucket.arnForObjects(`${CRL_PREFIX}*`)],
    wildcard: {
      finding: `Resource::<CrlBucket.Arn>/${CRL_PREFIX}*`,
      reason: 'The CA names its CRL; nothing else lies below this prefix.',
    },
  }),
  // Without it S3 hides that an object is missing behind AccessDenied, which would look like a fault of the stack.
  allow({ sid: 'SeeThatNoCrlExistsYet', actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
];

export function importCrls(scope: Construct): Permission[] {
  const crls = anyOf(scope, 'rolesanywhere', 'crl');
  return [
    withoutResource(
      'ImportCrls',
      ['rolesanywhere:ListCrls', 'rolesanywhere:ImportCrl'],
      'A CRL has no id before its import, and IAM knows no other resource for the two.',
    ),
    allow({
      sid: 'UpdateCrls',
      actions: ['rolesanywhere:UpdateCrl', 'rolesanywhere:EnableCrl'],
      resources: [crls.arn],
      wildcard: { finding: crls.finding, reason: 'Roles Anywhere chooses the id of an imported CRL.' },
    }),
  ];
}
