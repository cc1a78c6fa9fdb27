/** The commands of docs/compatibility.md as they are printed there, by the AWS CLI. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from '../../cli/demo/fleet.ts';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { ready, startFleet } from '../e2e/fleet.ts';
import { newRequest } from '../local-aws/certificate-request.ts';
import { environment, run, tool } from './tools.ts';

const REASONS = [
  'UNSPECIFIED',
  'KEY_COMPROMISE',
  'CERTIFICATE_AUTHORITY_COMPROMISE',
  'AFFILIATION_CHANGED',
  'SUPERSEDED',
  'CESSATION_OF_OPERATION',
  'PRIVILEGE_WITHDRAWN',
  'A_A_COMPROMISE',
];

let fleet: Fleet;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'certvend-cli-'));
  fleet = await startFleet(2);
});
afterAll(async () => {
  await fleet.aws.close();
  rmSync(directory, { recursive: true });
});

const aws = (...args: readonly string[]): Promise<string> =>
  run(tool('aws'), args, environment(fleet.aws), directory);
const json = async (...args: readonly string[]): Promise<unknown> => JSON.parse(await aws(...args));
const id = (index: number): string => fleet.nodes[index]?.id ?? '';
const invoke = async (...payload: readonly string[]): Promise<string> => {
  // AWS CLI 1 has no --cli-binary-format and takes the payload raw.
  await aws('lambda', 'invoke', '--function-name', 'CertCheck-Trigger', ...payload, 'response.json');
  return readFileSync(join(directory, 'response.json'), 'utf8');
};

describe('the AWS CLI', () => {
  it('enrols hosts with put-item', async () => {
    for (const index of [0, 1]) {
      await aws(
        'dynamodb',
        'put-item',
        '--table-name',
        'certificates',
        '--item',
        `{"hostID":{"S":"${id(index)}"}}`,
      );
    }
    const rows = await fleet.until('the first certificates', [id(0), id(1)], ready);
    expect(rows[0]?.serial).toMatch(/^[0-9A-F]{2,}$/);
  });

  it('invokes CertCheck-Trigger, with no payload and with an unknown one', async () => {
    expect(await invoke()).toContain('message');
    expect(await invoke('--payload', '{"key":"value"}')).toContain('message');
  });

  it('has a certificate replaced by removing expiry, then the invoke', async () => {
    const { serial } = await fleet.row(id(0));
    await aws(
      ...['dynamodb', 'update-item', '--table-name', 'certificates'],
      ...['--key', `{"hostID":{"S":"${id(0)}"}}`, '--update-expression', 'REMOVE expiry'],
    );
    await invoke();
    await fleet.until('the rotation', [id(0)], (row) => ready(row) && row.serial !== serial);
  });

  it('revokes with the serial of the row', async () => {
    const { serial } = await fleet.row(id(1));
    await revoke(serial, 'KEY_COMPROMISE');
    await fleet.until('the hold', [id(1)], (row) => !ready(row));
    await eventually(
      () => fleet.earnCredentials(fleet.nodes[1] ?? { id: '', root: '' }).then(() => 'credentials', String),
      (answer) => answer.includes('revoked'),
      (answer) => `the revoked certificate still earns: ${answer}`,
    );
  });

  it.each(REASONS)('revokes for the reason %s', async (reason) => {
    writeFileSync(join(directory, 'csr.pem'), newRequest('somebody.example.com'));
    const { PCAARN = '' } = fleet.outputs;
    const { CertificateArn } = z
      .object({ CertificateArn: z.string() })
      .parse(
        await json(
          ...['acm-pca', 'issue-certificate', '--certificate-authority-arn', PCAARN],
          ...['--csr', 'file://csr.pem', '--signing-algorithm', 'SHA256WITHRSA'],
          ...['--template-arn', 'arn:aws:acm-pca:::template/EndEntityClientAuthCertificate/V1'],
          ...['--validity', 'Value=1,Type=DAYS'],
        ),
      );
    await eventually(
      () =>
        aws(
          ...['acm-pca', 'get-certificate', '--certificate-authority-arn', PCAARN],
          ...['--certificate-arn', CertificateArn, '--output', 'text'],
        ).catch(String),
      (answer) => answer.includes('BEGIN CERTIFICATE'),
      (answer) => `no certificate: ${answer}`,
    );
    await revoke(CertificateArn.split('/').at(-1) ?? '', reason);
  });

  it('looks at what the tutorial looks at', async () => {
    const { PCAARN = '' } = fleet.outputs;
    const looks: readonly (readonly string[])[] = [
      ['sts', 'get-caller-identity'],
      ['dynamodb', 'scan', '--table-name', 'certificates'],
      ['dynamodb', 'describe-table', '--table-name', 'certificates'],
      ['lambda', 'list-functions'],
      ['ssm', 'describe-instance-information'],
      ['ssm', 'list-commands', '--max-results', '5'],
      ['sns', 'list-topics'],
      ['s3api', 'list-objects-v2', '--bucket', fleet.outputs['CRLBucketName'] ?? ''],
      ['events', 'list-rules'],
      ['scheduler', 'list-schedules'],
      ['acm-pca', 'describe-certificate-authority', '--certificate-authority-arn', PCAARN],
      ['rolesanywhere', 'list-trust-anchors'],
      ['iam', 'get-role', '--role-name', 'IAMRA-Role'],
    ];
    for (const look of looks) expect(await json(...look), look.join(' ')).toBeTypeOf('object');
    // AWS CLI 1 asks SQS at its own address unless told otherwise.
    const queues = await json('sqs', 'list-queues', '--endpoint-url', fleet.aws.endpoint);
    expect(queues).toHaveProperty('QueueUrls');
  });
});

async function revoke(serial: string, reason: string): Promise<void> {
  await aws(
    ...['acm-pca', 'revoke-certificate', '--certificate-authority-arn', fleet.outputs['PCAARN'] ?? ''],
    ...['--certificate-serial', serial, '--revocation-reason', reason],
  );
}
