/** A walk through every operation of the local AWS, each answered without an error. */
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { eventually } from '../../cli/demo/fleet.ts';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { newRequest } from '../local-aws/certificate-request.ts';
import type { Answer, Ask } from './ask.ts';

type Sure = (operation: string, input?: Answer) => Promise<Answer>;

/** Gives what was asked: `service operation`. The fleet has one node that is Ready, and one more that is not enrolled. */
export async function askEverything(
  fleet: Fleet,
  ask: Ask,
  has: (service: string) => boolean,
): Promise<Set<string>> {
  const asked = new Set<string>();
  const on =
    (service: string): Sure =>
    async (operation, input = {}) => {
      asked.add(`${service} ${operation}`);
      // Roles Anywhere takes one call per second, and clients would only wait for it.
      if (service === 'rolesanywhere') await fleet.aws.advanceClock(2000);
      const answer = await ask(service, operation, input);
      expect(answer['error'], `${service} ${operation}: ${String(answer['message'])}`).toBeUndefined();
      return answer;
    };
  await identities(on('sts'), has('iam') ? on('iam') : undefined);
  await tables(on('dynamodb'));
  await queues(on('sqs'), fleet);
  await topics(on('sns'));
  await buckets(on('s3'), fleet.outputs['CRLBucketName'] ?? '');
  await functions(on('lambda'));
  await rules(on('events'), has('scheduler') ? on('scheduler') : undefined);
  await certificates(on('acm-pca'), fleet.outputs['PCAARN'] ?? '');
  await anywhere(on('rolesanywhere'), fleet);
  await nodes(on('ssm'), fleet);
  return asked;
}

async function identities(sts: Sure, iam: Sure | undefined): Promise<void> {
  await sts('GetCallerIdentity');
  await iam?.('GetRole', { RoleName: 'IAMRA-Role' });
}

async function tables(dynamodb: Sure): Promise<void> {
  const TableName = 'certificates';
  const Key = { hostID: { S: 'mi-11111111111111111' } };
  await dynamodb('ListTables');
  await dynamodb('DescribeTable', { TableName });
  await dynamodb('PutItem', { TableName, Item: { ...Key, disabled: { BOOL: true } } });
  await dynamodb('GetItem', { TableName, Key, ConsistentRead: true });
  await dynamodb('UpdateItem', {
    TableName,
    Key,
    UpdateExpression: 'SET note = :n',
    ExpressionAttributeValues: { ':n': { S: 'x' } },
    ReturnValues: 'ALL_NEW',
  });
  await dynamodb('Query', {
    TableName,
    KeyConditionExpression: 'hostID = :h',
    ExpressionAttributeValues: { ':h': Key.hostID },
  });
  await dynamodb('Scan', { TableName, Limit: 5 });
  await dynamodb('BatchGetItem', { RequestItems: { [TableName]: { Keys: [Key] } } });
  await dynamodb('DeleteItem', { TableName, Key });
  await dynamodb('BatchWriteItem', { RequestItems: { [TableName]: [{ DeleteRequest: { Key } }] } });
  await dynamodb('DescribeTimeToLive', { TableName: 'certificate-ledger' });
  await dynamodb('UpdateTimeToLive', {
    TableName: 'certificates',
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'never' },
  });
}

async function queues(sqs: Sure, { aws }: Fleet): Promise<void> {
  await sqs('ListQueues');
  const { QueueUrl } = await sqs('GetQueueUrl', { QueueName: 'certvend-check-dead-letters' });
  await sqs('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  await sqs('SendMessage', { QueueUrl, MessageBody: 'one' });
  await sqs('SendMessageBatch', { QueueUrl, Entries: [{ Id: 'a', MessageBody: 'two' }] });
  const receive = async (): Promise<unknown> => {
    const { Messages } = await sqs('ReceiveMessage', { QueueUrl, VisibilityTimeout: 30 });
    // The shape was checked by the client; only the handle is used.
    return (Messages as { ReceiptHandle: string }[])[0]?.ReceiptHandle;
  };
  const [first, second] = [await receive(), await receive()];
  await sqs('ChangeMessageVisibility', { QueueUrl, ReceiptHandle: first, VisibilityTimeout: 60 });
  await sqs('ChangeMessageVisibilityBatch', {
    QueueUrl,
    Entries: [{ Id: 'a', ReceiptHandle: second, VisibilityTimeout: 60 }],
  });
  await sqs('DeleteMessage', { QueueUrl, ReceiptHandle: first });
  await sqs('DeleteMessageBatch', { QueueUrl, Entries: [{ Id: 'a', ReceiptHandle: second }] });
  await sqs('PurgeQueue', { QueueUrl });
  const arn = `arn:aws:sqs:${aws.region}:${aws.accountId}:certvend-issuance`;
  await sqs('StartMessageMoveTask', { SourceArn: `${arn}-dead-letters` });
}

async function topics(sns: Sure): Promise<void> {
  const { Topics } = await sns('ListTopics');
  const TopicArn = (Topics as { TopicArn: string }[])[0]?.TopicArn;
  await sns('GetTopicAttributes', { TopicArn });
  await sns('ListSubscriptions');
  await sns('ListSubscriptionsByTopic', { TopicArn });
  await sns('Publish', { TopicArn, Subject: 'hello', Message: 'from a real client' });
}

async function buckets(s3: Sure, Bucket: string): Promise<void> {
  await s3('ListBuckets');
  await s3('HeadBucket', { Bucket });
  await s3('PutObject', { Bucket, Key: 'a key/ü', Body: { $blob: 'AAEC' }, ContentType: 'text/plain' });
  await s3('HeadObject', { Bucket, Key: 'a key/ü' });
  await s3('GetObject', { Bucket, Key: 'a key/ü' });
  await s3('ListObjects', { Bucket });
  await s3('ListObjectsV2', { Bucket, Prefix: 'a key/' });
  await s3('DeleteObject', { Bucket, Key: 'a key/ü' });
}

async function functions(lambda: Sure): Promise<void> {
  const FunctionName = 'CertCheck-Trigger';
  await lambda('ListFunctions');
  await lambda('GetFunction', { FunctionName });
  await lambda('GetFunctionConfiguration', { FunctionName });
  await lambda('Invoke', { FunctionName, LogType: 'Tail' });
}

async function rules(events: Sure, scheduler: Sure | undefined): Promise<void> {
  const { Rules } = await events('ListRules');
  await events('DescribeRule', { Name: (Rules as { Name: string }[])[0]?.Name });
  await events('PutEvents', { Entries: [{ Source: 'mine', DetailType: 'Test', Detail: '{}' }] });
  await scheduler?.('ListSchedules');
}

async function certificates(pca: Sure, CertificateAuthorityArn: string): Promise<void> {
  await pca('DescribeCertificateAuthority', { CertificateAuthorityArn });
  await pca('GetCertificateAuthorityCertificate', { CertificateAuthorityArn });
  await pca('ListTags', { CertificateAuthorityArn });
  const { CertificateArn } = await pca('IssueCertificate', {
    CertificateAuthorityArn,
    Csr: { $blob: Buffer.from(newRequest('x.example.com')).toString('base64') },
    SigningAlgorithm: 'SHA256WITHRSA',
    TemplateArn: 'arn:aws:acm-pca:::template/EndEntityClientAuthCertificate/V1',
    Validity: { Type: 'DAYS', Value: 1 },
  });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await pca('GetCertificate', { CertificateAuthorityArn, CertificateArn });
  await pca('RevokeCertificate', {
    CertificateAuthorityArn,
    CertificateSerial: String(CertificateArn).split('/').at(-1),
    RevocationReason: 'SUPERSEDED',
  });
}

async function anywhere(rolesanywhere: Sure, fleet: Fleet): Promise<void> {
  const trustAnchorId = fleet.outputs['IAMRATrustAnchorARN']?.split('/').at(-1);
  const profileId = fleet.outputs['IAMRAProfileARN']?.split('/').at(-1);
  await rolesanywhere('ListTrustAnchors');
  await rolesanywhere('GetTrustAnchor', { trustAnchorId });
  await rolesanywhere('UpdateTrustAnchor', { trustAnchorId, name: 'IAMRA-TA1' });
  await rolesanywhere('DisableTrustAnchor', { trustAnchorId });
  await rolesanywhere('EnableTrustAnchor', { trustAnchorId });
  await rolesanywhere('ListProfiles');
  await rolesanywhere('GetProfile', { profileId });
  await rolesanywhere('DisableProfile', { profileId });
  await rolesanywhere('EnableProfile', { profileId });
  const { subjects } = await rolesanywhere('ListSubjects');
  await rolesanywhere('GetSubject', { subjectId: (subjects as { subjectId: string }[])[0]?.subjectId });
  const crls = await eventually(
    async () => (await rolesanywhere('ListCrls'))['crls'] as { crlData: { $blob: string } }[],
    (found) => found.length > 0,
    () => 'no CRL came',
  );
  const pem = execFileSync('openssl', ['crl'], {
    input: Buffer.from(crls[0]?.crlData.$blob ?? '', 'base64'),
  });
  const crlData = { $blob: pem.toString('base64') };
  const imported = await rolesanywhere('ImportCrl', {
    name: 'second',
    crlData,
    enabled: true,
    trustAnchorArn: fleet.outputs['IAMRATrustAnchorARN'],
  });
  const { crlId } = imported['crl'] as { crlId: string };
  await rolesanywhere('GetCrl', { crlId });
  await rolesanywhere('UpdateCrl', { crlId, crlData, name: 'renamed' });
  await rolesanywhere('DisableCrl', { crlId });
  await rolesanywhere('EnableCrl', { crlId });
  await rolesanywhere('DeleteCrl', { crlId });
}

async function nodes(ssm: Sure, fleet: Fleet): Promise<void> {
  const { aws } = fleet;
  await ssm('CreateActivation', { IamRole: 'SSMServiceRole', DefaultInstanceName: 'a-host' });
  const { InstanceInformationList } = await ssm('DescribeInstanceInformation');
  expect(InstanceInformationList).toHaveLength(2);
  const { DocumentIdentifiers } = await ssm('ListDocuments');
  const names = (DocumentIdentifiers as { Name: string }[]).map(({ Name }) => Name);
  const DocumentName = names.find((name) => name.includes('GenerateCsr')) ?? '';
  await ssm('DescribeDocument', { Name: DocumentName });
  await ssm('GetDocument', { Name: DocumentName });
  const InstanceId = fleet.nodes[1]?.id ?? '';
  const { Command } = await ssm('SendCommand', {
    DocumentName,
    InstanceIds: [InstanceId],
    TimeoutSeconds: 60,
    Parameters: parameters(InstanceId),
  });
  const { CommandId } = Command as { CommandId: string };
  await ssm('ListCommands', { CommandId });
  await eventually(
    async () => (await ssm('ListCommandInvocations', { CommandId }))['CommandInvocations'] as unknown[],
    (found) => found.length > 0,
    () => 'the command did not reach the node',
  );
  await aws.advanceClock(10_000);
  await ssm('GetCommandInvocation', { CommandId, InstanceId });
  await ssm('DeregisterManagedInstance', { InstanceId });
}

function parameters(HostId: string): Record<string, string[]> {
  const values = {
    Attempt: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    HostId,
    RequestedAt: String(Math.floor(Date.now() / 1000)),
    KeyAlgorithm: 'EC_prime256v1',
    CertPath: '/etc/certvend',
    KeyPath: '/etc/certvend',
    CsrPath: '/etc/certvend',
    CaCertPath: '/etc/certvend',
    SigningHelperPath: '/root',
    Validation: 'required',
    Owner: 'root',
    Group: 'root',
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
}
