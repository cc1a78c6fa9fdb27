import { ListCrlsCommand, RolesAnywhereClient } from '@aws-sdk/client-rolesanywhere';
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient, StartMessageMoveTaskCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet, HostRow } from '../../cli/demo/fleet.ts';
import { eventually } from '../../cli/demo/fleet.ts';
import type { LocalNode } from '../../local-aws/index.ts';
import type { JsonObject } from '../../local-aws/platform.ts';
import { ready, startFleet } from './fleet.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

describe('AWS in trouble', () => {
  let fleet: Fleet;
  let sqs: SQSClient;
  let s3: S3Client;
  let rolesAnywhere: RolesAnywhereClient;
  let node: LocalNode;
  const used = new Set<string>();

  const faults = (orders: JsonObject): Promise<unknown> => fleet.aws.control('POST /_local/faults', orders);
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  async function deadLetters(queue: string): Promise<number> {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: `${fleet.aws.endpoint}/${fleet.aws.accountId}/certvend-${queue}-dead-letters`,
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    return Number(Attributes?.['ApproximateNumberOfMessages']);
  }
  async function issuedFor(hostID: string): Promise<number> {
    return (await fleet.ledger()).filter((entry) => entry.hostID === hostID).length;
  }
  /** Lets time pass in steps until the row fits. */
  async function passing(stepMs: number, steps: number, fits: (row: HostRow) => boolean): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      for (let polls = 0; polls < 8; polls += 1) {
        if (fits(await fleet.row(node.id))) return;
        await pause(150);
      }
      await fleet.aws.advanceClock(stepMs);
    }
    await fleet.until('what was waited for', [node.id], fits);
  }
  /** A host is enrolled under these faults; returns how many certificates it cost. */
  async function enrolment(orders: JsonObject, stepMs: number, steps: number): Promise<number> {
    await faults(orders);
    await nextHost();
    await passing(stepMs, steps, ready);
    await fleet.earnCredentials(node);
    return issuedFor(node.id);
  }
  /** Each test has a host of its own, so that none uses up the issuances of another's day. */
  async function nextHost(): Promise<void> {
    const [next] = fleet.nodes.filter(({ id }) => !used.has(id));
    if (next === undefined) throw new Error('every host was used');
    node = next;
    used.add(node.id);
    await fleet.enrol(node.id);
  }

  beforeAll(async () => {
    fleet = await startFleet(9);
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const { endpoint, region } = fleet.aws;
    sqs = new SQSClient({ endpoint, region, credentials });
    s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    rolesAnywhere = new RolesAnywhereClient({ endpoint, region, credentials });
  });
  afterEach(() => fleet.aws.control('DELETE /_local/faults'));
  afterAll(() => fleet.aws.close());

  it.each([
    [
      'throttled by the CA and by Run Command',
      [
        { operation: 'acm-pca:IssueCertificate', times: 4 },
        { operation: 'ssm:SendCommand', times: 4 },
      ],
      'throttle',
    ],
    ['told that the command is not known yet', [{ ms: 60_000 }], 'invocation-not-yet'],
  ] as const)(
    '%s, an enrolment takes minutes longer and leaves no failure behind',
    async (_what, orders, name) => {
      expect(await enrolment({ [name]: orders.map((order) => ({ ...order })) }, 91 * SECOND_MS, 8)).toBe(1);
      expect(await fleet.row(node.id)).not.toHaveProperty('failure');
      expect(await deadLetters('issuance')).toBe(0);
    },
  );

  it('issues once when answers of Run Command, the CA and DynamoDB are lost after they took effect', async () => {
    const lost = ['ssm:SendCommand', 'acm-pca:IssueCertificate', 'dynamodb:PutItem'].map((operation) => ({
      operation,
      caller: 'Cert',
      times: 1,
    }));
    expect(await enrolment({ 'timeout-after-effect': lost }, 91 * SECOND_MS, 8)).toBe(1);
  });

  it('issues once when the ledger cannot be written just after the CA was asked', async () => {
    const order = {
      operation: 'dynamodb:PutItem',
      caller: 'CertIssue',
      code: 'InternalServerError',
      times: 3,
    };
    expect(await enrolment({ error: order }, 91 * SECOND_MS, 8)).toBe(1);
  });

  it('issues once when every event is doubled and late by different times', async () => {
    const orders = { 'doubled-events': true, 'reordered-events': { ms: 3000 } };
    expect(await enrolment(orders, 5 * SECOND_MS, 30)).toBe(1);
  });

  it('says so when the CA is disabled, and goes on by itself when it is enabled', async () => {
    await faults({
      error: {
        operation: 'acm-pca:IssueCertificate',
        code: 'InvalidStateException',
        message: 'The CA is DISABLED',
      },
    });
    await nextHost();
    const [row] = await fleet.until('the failure', [node.id], ({ failure }) => failure !== undefined);
    expect(row?.failure).toMatchObject({
      reason: 'RequestRefused',
      message: expect.stringContaining('DISABLED') as unknown,
    });
    await fleet.aws.control('DELETE /_local/faults');
    await passing(16 * MINUTE_MS, 4, ready);
  });

  it('keeps what was tried in vain as dead letters, which can be sent again at any time', async () => {
    await faults({ error: { operation: 'ssm:SendCommand' } });
    await nextHost();
    for (let tries = 0; tries < 12 && (await deadLetters('issuance')) === 0; tries += 1) {
      await pause(700);
      await fleet.aws.advanceClock(181 * SECOND_MS);
    }
    expect(await deadLetters('issuance')).toBeGreaterThan(0);
    await fleet.aws.control('DELETE /_local/faults');
    const queue = `arn:aws:sqs:${fleet.aws.region}:${fleet.aws.accountId}:certvend-issuance-dead-letters`;
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: queue }));
    await passing(16 * MINUTE_MS, 6, ready);
    expect(await deadLetters('issuance')).toBe(0);
    expect(await issuedFor(node.id)).toBe(1);
    await fleet.earnCredentials(node);
  });

  it('finds a row that was put while nodes could not be looked up', async () => {
    await faults({ error: { operation: 'ssm:DescribeInstanceInformation' } });
    await nextHost();
    await eventually(
      () => deadLetters('check'),
      (count) => count > 0,
      () => 'the stream record was not given up',
    );
    await fleet.aws.control('DELETE /_local/faults');
    await fleet.aws.advanceClock(16 * MINUTE_MS);
    await fleet.until('the certificate', [node.id], ready);
  });

  describe('revocation', () => {
    const object = (key: string): JsonObject => ({
      source: 'aws.s3',
      'detail-type': 'Object Created',
      detail: { bucket: { name: fleet.outputs['CRLBucketName'] ?? '' }, object: { key } },
    });
    const inForce = async (): Promise<number> => {
      const { crls = [] } = await rolesAnywhere.send(new ListCrlsCommand({}));
      return crls.length;
    };

    it('ignores the test key of the CA and objects that are gone', async () => {
      const { PCAARN = '', CRLBucketName: Bucket = '' } = fleet.outputs;
      const key = `crl/${PCAARN.split('/').at(-1) ?? ''}.crl`;
      await s3.send(new DeleteObjectCommand({ Bucket, Key: key }));
      for (const each of ['crl/acm-pca-permission-test-key', key])
        await fleet.aws.control('POST /_local/events', object(each));
      await pause(2000);
      expect(await deadLetters('revocation')).toBe(0);
      expect(await inForce()).toBeLessThanOrEqual(1);
    });

    it('comes into force once a day at the latest, at one call per second, though its event was lost', async () => {
      await nextHost();
      const [{ serial } = { serial: '' }] = await fleet.until('the certificate', [node.id], ready);
      await faults({
        'lost-events': { source: ['aws.s3', 'aws.acm-pca'] },
        throttle: [
          { operation: 'rolesanywhere:ListCrls', times: 2 },
          { operation: 'rolesanywhere:UpdateCrl', times: 4 },
        ],
      });
      await fleet.revoke(serial);
      await pause(3000);
      await fleet.aws.advanceClock(DAY_MS);
      await fleet.until('the revocation', [node.id], ({ status }) => status === 'Revoked');
      await expect(fleet.earnCredentials(node)).rejects.toThrow(/revoked/i);
    });
  });
});
