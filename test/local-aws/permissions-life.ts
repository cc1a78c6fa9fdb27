/** One life in which everything happens that the policies of the template are there for. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ACMPCAClient, IssueCertificateCommand } from '@aws-sdk/client-acm-pca';
import { DeleteItemCommand, DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { DisableCrlCommand, ListCrlsCommand, RolesAnywhereClient } from '@aws-sdk/client-rolesanywhere';
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { eventually, Fleet } from '../../cli/demo/fleet.ts';
import type { HostRow } from '../../cli/demo/fleet.ts';
import type { LocalAws } from '../../local-aws/index.ts';
import { newRequest } from './certificate-request.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const ready = ({ status }: HostRow): boolean => status === 'Ready';

export async function liveOneLife(aws: LocalAws, outputs: Record<string, string>): Promise<void> {
  const nodes = await aws.addNodes(3);
  const fleet = new Fleet(aws, outputs, nodes);
  const [first = '', second = '', third = ''] = nodes.map(({ id }) => id);
  for (const { id } of nodes) await fleet.enrol(id);
  await fleet.until('the first certificates', [first, second, third], ready);
  await fleet.check();

  const { serial } = await fleet.row(first);
  await fleet.removeExpiry(first);
  await fleet.until('the rotation', [first], (row) => ready(row) && row.serial !== serial);
  await failProof(fleet, second);
  await changePath(fleet, third);
  await loseEvents(fleet, first);
  await issueBehindOurBack(fleet);
  await loseLedgerEntry(fleet, second);
  await changeKey(fleet, first);
  await lookWithoutCrl(aws, outputs);
  await revokeTwice(fleet, [first, second]);
  await bury(fleet, third);
  await ring(aws);
  await aws.advanceClock(DAY_MS);
  await settle(aws);
}

/** A proof that fails, the digest about it, and the second try with the same certificate. */
async function failProof(fleet: Fleet, id: string): Promise<void> {
  await fleet.aws.control('POST /_local/nodes/state', { id, failProof: 1 });
  await fleet.removeExpiry(id);
  await fleet.until('the failure', [id], ({ status }) => status === 'Failing');
  // The claim succeeds, the note that the failure was told meets a row that somebody has changed.
  const changed = { caller: 'CertCheck', code: 'ConditionalCheckFailedException', status: 400 };
  await fleet.aws.control('POST /_local/faults', {
    error: { operation: 'dynamodb:UpdateItem', ...changed, skip: 1, times: 1 },
  });
  await fleet.aws.advanceClock(16 * MINUTE_MS);
  await fleet.until('the second try', [id], ready);
}

async function changePath(fleet: Fleet, id: string): Promise<void> {
  await change(fleet.aws, id, 'certPath', '/etc/elsewhere');
  await eventually(
    () => Promise.resolve(fleet.nodes.find((node) => node.id === id)?.root ?? ''),
    (root) => existsSync(join(root, 'etc/elsewhere', `${id}.crt`)),
    () => 'the certificate did not move',
  );
  await fleet.until('the redeployment', [id], ready);
}

async function change(aws: LocalAws, id: string, attribute: string, value: string): Promise<void> {
  await client(aws, DynamoDBClient).send(
    new UpdateItemCommand({
      TableName: 'certificates',
      Key: { hostID: { S: id } },
      UpdateExpression: `SET ${attribute} = :value`,
      ExpressionAttributeValues: { ':value': { S: value } },
    }),
  );
}

/** Without events the delayed self-checks and the tick find everything. */
async function loseEvents(fleet: Fleet, id: string): Promise<void> {
  const { serial } = await fleet.row(id);
  await fleet.aws.control('POST /_local/faults', {
    'lost-events': true,
    'invocation-not-yet': { times: 1, ms: 1 },
  });
  await fleet.removeExpiry(id);
  for (let tries = 0; tries < 12; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await fleet.aws.advanceClock(2 * MINUTE_MS);
    const row = await fleet.row(id);
    if (ready(row) && row.serial !== serial) break;
  }
  await fleet.aws.control('DELETE /_local/faults');
  await fleet.until('the rotation without events', [id], ready);
}

/** A certificate that the ledger does not know. */
async function issueBehindOurBack({ aws, outputs }: Fleet): Promise<void> {
  await client(aws, ACMPCAClient).send(
    new IssueCertificateCommand({
      CertificateAuthorityArn: outputs['PCAARN'],
      Csr: Buffer.from(newRequest('stranger.example.com')),
      SigningAlgorithm: 'SHA256WITHRSA',
      TemplateArn: 'arn:aws:acm-pca:::template/EndEntityClientAuthCertificate/V1',
      Validity: { Type: 'DAYS', Value: 7 },
    }),
  );
}

/** CertIssue cannot write down what it was given: CertDeploy finds the certificate by its event and its key. */
async function loseLedgerEntry(fleet: Fleet, id: string): Promise<void> {
  const refused = { operation: 'dynamodb:PutItem', caller: 'CertIssue', code: 'AccessDeniedException' };
  await fleet.aws.control('POST /_local/faults', { error: refused });
  const { serial } = await fleet.row(id);
  await fleet.removeExpiry(id);
  await fleet.until('the adoption', [id], (row) => ready(row) && row.serial !== serial);
  await fleet.aws.control('DELETE /_local/faults');
}

/** The CA refuses, and before the second try the administrator wants another key: the first attempt is abandoned. */
async function changeKey(fleet: Fleet, id: string): Promise<void> {
  const refused = { operation: 'acm-pca:IssueCertificate', code: 'InvalidArgsException' };
  await fleet.aws.control('POST /_local/faults', { error: { ...refused, status: 400 } });
  await fleet.removeExpiry(id);
  await fleet.until('the failure', [id], ({ status }) => status === 'Failing');
  await fleet.aws.control('DELETE /_local/faults');
  await change(fleet.aws, id, 'keyAlgorithm', 'EC_prime256v1');
  await fleet.aws.advanceClock(16 * MINUTE_MS);
  await fleet.until('the recovery', [id], ready);
}

/** The first CRL is imported; the second one finds it disabled. */
async function revokeTwice(fleet: Fleet, [first, second]: readonly [string, string]): Promise<void> {
  const { aws } = fleet;
  // The call log and not ListCrls, which has one call per second for everybody together.
  const called = (operation: string): Promise<unknown> =>
    eventually(
      () => aws.calls(),
      (calls) => calls.some((call) => call.operation === operation && call.status < 300),
      () => `${operation} was not called`,
    );
  await fleet.revoke((await fleet.row(first)).serial);
  await called('ImportCrl');
  await aws.advanceClock(MINUTE_MS);
  const anywhere = client(aws, RolesAnywhereClient);
  const { crls = [] } = await anywhere.send(new ListCrlsCommand({}));
  await anywhere.send(new DisableCrlCommand({ crlId: crls[0]?.crlId }));
  await fleet.revoke((await fleet.row(second)).serial);
  await called('UpdateCrl');
  await called('EnableCrl');
}

/** What cannot be delivered or processed ends in the dead-letter queues. */
async function bury(fleet: Fleet, id: string): Promise<void> {
  const { aws } = fleet;
  const refused = { operation: 'lambda:Invoke', code: 'AccessDeniedException', status: 403 };
  // The function that looks at rows dies whenever it is called: the stream gives up, asynchronous invocations too.
  await aws.control('POST /_local/faults', { 'function-killed': true });
  await fleet.removeExpiry(id);
  await fleet.revoke((await fleet.row(id)).serial);
  await needed(aws, 'CertCheck', 'sqs:SendMessage', 'dead-letters', 3 * MINUTE_MS);
  await needed(aws, 'CrlProcessor', 'sqs:SendMessage', 'dead-letters', 3 * MINUTE_MS);
  await aws.control('DELETE /_local/faults');
  await aws.control('POST /_local/faults', { error: refused });
  await client(aws, DynamoDBClient).send(
    new DeleteItemCommand({ TableName: 'certificates', Key: { hostID: { S: id } } }),
  );
  await aws.advanceClock(DAY_MS + MINUTE_MS);
  await aws.control('POST /_local/events', {
    source: 'aws.s3',
    'detail-type': 'Object Created',
    detail: { bucket: { name: fleet.outputs['CRLBucketName'] ?? '' }, object: { key: 'crl/x.crl' } },
  });
  await aws.control('POST /_local/events', {
    source: 'aws.acm-pca',
    'detail-type': 'ACM Private CA Certificate Revocation',
    resources: [fleet.outputs['PCAARN'] ?? ''],
    detail: { result: 'success' },
  });
  // Two rules, the schedules of two functions, and the ledger learns of the deleted row.
  await needed(aws, 'events.amazonaws.com', 'sqs:SendMessage', 'revocation-dead-letters', 0, 2);
  await needed(aws, 'SchedulesRole', 'sqs:SendMessage', 'dead-letters', MINUTE_MS);
  await needed(aws, 'SchedulesCrlRole', 'sqs:SendMessage', 'dead-letters', MINUTE_MS);
  await needed(aws, 'CertCheck', 'dynamodb:UpdateItem', 'certificate-ledger');
  await aws.control('DELETE /_local/faults');
}

/** Waits until the log has this line, however busy the machine is, moving time on meanwhile. */
async function needed(
  aws: LocalAws,
  caller: string,
  action: string,
  resource: string,
  stepMs = 0,
  lines = 1,
): Promise<void> {
  await eventually(
    async () => {
      if (stepMs > 0) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        await aws.advanceClock(stepMs);
      }
      return aws.authorizations();
    },
    (log) =>
      log.filter(
        (one) => one.caller.includes(caller) && one.action === action && one.resource.includes(resource),
      ).length >= lines,
    () => `${caller} did not need ${action} on ${resource}`,
  );
}

/** Every alarm goes off once and tells the topic. */
async function ring(aws: LocalAws): Promise<void> {
  const alarms = z.array(z.object({ AlarmName: z.string() })).parse(await aws.control('GET /_local/alarms'));
  for (const { AlarmName } of alarms) {
    await aws.control('POST /_local/alarms/state', { AlarmName, StateValue: 'ALARM' });
  }
}

/** The daily looks at the fleet and at the CRL, while somebody has deleted that. */
async function lookWithoutCrl(aws: LocalAws, outputs: Record<string, string>): Promise<void> {
  const { endpoint, region } = aws;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const authority = outputs['PCAARN']?.split('/').at(-1) ?? '';
  const crl = { Bucket: outputs['CRLBucketName'], Key: `crl/${authority}.crl` };
  await s3.send(new DeleteObjectCommand(crl));
  await aws.advanceClock(DAY_MS);
  await needed(aws, 'CrlProcessor', 's3:ListBucket', '');
}

async function settle(aws: LocalAws): Promise<void> {
  let before = -1;
  for (let quiet = 0; quiet < 3; quiet += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { length } = await aws.authorizations();
    if (length !== before) quiet = 0;
    before = length;
  }
}

function client<T>(
  { endpoint, region }: LocalAws,
  Client: new (options: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
  }) => T,
): T {
  return new Client({ endpoint, region, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
}
