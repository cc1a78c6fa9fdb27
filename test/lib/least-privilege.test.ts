import { describe, expect, it } from 'vitest';
import { list, record, resources, roleStatements, templateOf, text, type Statement } from './stacks.ts';

const template = templateOf();
const statements = roleStatements(template);

/** `CertVendFunctionsCertCheckRoleDefaultPolicy…` → `CertCheck` */
const functionOf = ({ holder }: Statement): string =>
  /(?:Functions)?(\w+?)RoleDefaultPolicy/.exec(holder.replace('CertVend', ''))?.[1] ?? holder;
const held = (name: string): Record<string, readonly string[]> =>
  Object.fromEntries(
    statements
      .filter((statement) => functionOf(statement) === name)
      .map(({ sid, actions }) => [sid, actions]),
  );

describe('what the functions may do', () => {
  it('CertCheck', () => {
    expect(held('CertCheck')).toEqual({
      WriteLogs: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      ReadInventoryStream: [
        'dynamodb:DescribeStream',
        'dynamodb:GetRecords',
        'dynamodb:GetShardIterator',
        'dynamodb:ListStreams',
      ],
      QueryDueHosts: ['dynamodb:Query'],
      ReadAndClaimRows: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Scan', 'dynamodb:UpdateItem'],
      ReadAndCountInLedger: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      QueryLedgerByHost: ['dynamodb:Query'],
      SendToWorkQueues: ['sqs:SendMessage'],
      PublishDigests: ['sns:Publish'],
      EncryptDigests: ['kms:Decrypt', 'kms:GenerateDataKey'],
      ReadNodeStates: ['ssm:DescribeInstanceInformation'],
      '': ['sqs:SendMessage'],
    });
  });

  it('CertIssue', () => {
    expect(held('CertIssue')).toEqual({
      WriteLogs: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      ConsumeIssuance: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      SendToWorkQueues: ['sqs:SendMessage'],
      ReadAndWriteRows: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      WriteLedger: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
      QueryLedgerByHost: ['dynamodb:Query'],
      SendCommand: ['ssm:SendCommand'],
      ReadCommandResults: ['ssm:GetCommandInvocation', 'ssm:ListCommandInvocations'],
      IssueFromTheOneTemplate: ['acm-pca:IssueCertificate'],
    });
  });

  it('CertDeploy', () => {
    expect(held('CertDeploy')).toEqual({
      WriteLogs: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      ConsumeDeployment: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      LookAgainLater: ['sqs:SendMessage'],
      ReadAndWriteRows: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      WriteLedger: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      QueryLedgerByHost: ['dynamodb:Query'],
      SendCommand: ['ssm:SendCommand'],
      ReadCommandResults: ['ssm:GetCommandInvocation', 'ssm:ListCommandInvocations'],
      GetCertificate: ['acm-pca:GetCertificate'],
    });
  });

  it('CRLProcessor', () => {
    expect(held('CrlProcessor')).toEqual({
      WriteLogs: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      ReadCrls: ['s3:GetObject'],
      SeeThatNoCrlExistsYet: ['s3:ListBucket'],
      ImportCrls: ['rolesanywhere:ImportCrl', 'rolesanywhere:ListCrls'],
      UpdateCrls: ['rolesanywhere:EnableCrl', 'rolesanywhere:UpdateCrl'],
      MarkRevokedInLedger: ['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'],
      MarkRevokedHosts: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      '': ['sqs:SendMessage'],
    });
  });
});

describe('every * has a reason', () => {
  const HERE = '<AWS::Region>:<AWS::AccountId>';
  /** Statement and resource → why no narrower one exists. */
  const REASONS = {
    'ReadNodeStates *': 'IAM knows no resource for the list of managed nodes',
    'ReadCommandResults *': 'IAM knows no resource for the result of a command',
    [`SendCommand arn:<AWS::Partition>:ssm:${HERE}:managed-instance/*`]: 'any managed node may be enrolled',
    'ReadCrls <CrlBucket.Arn>/crl/*': 'the CA names its CRL',
    'ImportCrls *': 'a CRL has no id before its import',
    [`UpdateCrls arn:<AWS::Partition>:rolesanywhere:${HERE}:crl/*`]: 'Roles Anywhere chooses the id',
  };

  it('in the resources of role policies', () => {
    const found = statements.flatMap(({ sid, resources: arns }) =>
      arns.filter((arn) => arn.includes('*')).map((arn) => `${sid} ${arn}`),
    );
    expect([...new Set(found)].sort()).toEqual(Object.keys(REASONS).sort());
  });

  it('and none stands in an action', () => {
    expect(statements.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([]);
  });

  it('and no AWS-managed policy is attached', () => {
    const managed = resources(template, 'AWS::IAM::Role').filter(
      ({ properties }) => 'ManagedPolicyArns' in properties,
    );
    expect(managed).toEqual([]);
  });
});

describe('commands (defect 25)', () => {
  it('are sent with one document of ours, to managed nodes only', () => {
    const sendCommand = statements.filter(({ actions }) => actions.includes('ssm:SendCommand'));
    const [issue, deploy] = sendCommand.map(({ resources: arns }) => arns);
    expect(sendCommand).toHaveLength(2);
    expect(issue?.[0]).toMatch(/:document\/certvend-GenerateCsr-[0-9a-f]{8}$/);
    expect(deploy?.[0]).toMatch(/:document\/certvend-DeployCertificate-[0-9a-f]{8}$/);
    for (const arns of [issue, deploy])
      expect(arns?.slice(1)).toEqual([expect.stringMatching(/:managed-instance\/\*$/)]);
  });
});

describe('issuing', () => {
  it('is pinned to one template', () => {
    const [issue] = statements.filter(({ actions }) => actions.includes('acm-pca:IssueCertificate'));
    expect(issue?.resources).toEqual(['<CertificateAuthority.Arn>']);
    expect(text(record(issue?.conditions['StringEquals'])['acm-pca:TemplateArn'])).toBe(
      'arn:<AWS::Partition>:acm-pca:::template/EndEntityClientAuthCertificate/V1',
    );
  });
});

describe('queues', () => {
  it('let only the rules of this stack in, and only over TLS', () => {
    for (const { properties } of resources(template, 'AWS::SQS::QueuePolicy')) {
      const policy = list(record(properties['PolicyDocument'])['Statement']).map(record);
      const deny = policy.filter((statement) => statement['Effect'] === 'Deny');
      expect(deny).toEqual([
        expect.objectContaining({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      ]);
      for (const statement of policy.filter(({ Effect }) => Effect === 'Allow')) {
        expect(statement['Principal']).toEqual({ Service: 'events.amazonaws.com' });
        const condition = record(record(statement['Condition'])['ArnEquals']);
        expect(text(condition['aws:SourceArn'])).toMatch(/^<CertVendTriggers\w+\.Arn>$/);
      }
    }
  });
});
