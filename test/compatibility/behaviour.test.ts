/** What the contract promises about times, keys, proofs and notices. */
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ListCommandInvocationsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import type { Fleet } from '../../cli/demo/fleet.ts';
import type { LocalNode } from '../../local-aws/index.ts';
import { Administrator, isFailing, isIssuing, isReady } from '../e2e/administrator.ts';
import { startFleet } from '../e2e/fleet.ts';
import { ofType, templateIn } from './template.ts';

const DAY_MS = 86_400_000;
let fleet: Fleet;
let admin: Administrator;

beforeAll(async () => {
  fleet = await startFleet(3);
  admin = new Administrator(fleet.aws, fleet.outputs);
});
afterAll(() => fleet.aws.close());

function node(index: number): LocalNode {
  const found = fleet.nodes.at(index);
  if (found === undefined) throw new Error(`there is no node ${String(index)}`);
  return found;
}
const key = (host: LocalNode): string => readFileSync(fleet.file(host, `${host.id}.key`), 'utf8');
const publicKeyHash = (pem: string): string =>
  createHash('sha256')
    .update(createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'der' }))
    .digest('hex');
const now = async (): Promise<number> =>
  z.object({ now: z.number() }).parse(await fleet.aws.control('GET /_local/clock')).now;

describe('checks', () => {
  it('come at least twice a day: here every 15 minutes', () => {
    const schedules = ofType(templateIn(inject('assembly')), 'AWS::Scheduler::Schedule');
    expect(schedules.map(({ ScheduleExpression }) => ScheduleExpression)).toContain('rate(15 minutes)');
  });

  it('come at once for a new row', async () => {
    const begun = await now();
    await Promise.all(fleet.nodes.map(({ id }) => admin.put({ hostID: id })));
    await Promise.all(fleet.nodes.map(({ id }) => admin.until('the certificate', id, isReady)));
    expect((await now()) - begun).toBeLessThan(60_000);
  });
});

describe('the private key', () => {
  it('is where only the host has it: not in a row, the ledger, a log or the output of a command', async () => {
    const ssm = new SSMClient({
      endpoint: fleet.aws.endpoint,
      region: fleet.aws.region,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const outputs = await ssm.send(new ListCommandInvocationsCommand({ Details: true }));
    const functions = ['CertCheck-Trigger', 'CertIssue', 'CertDeploy', 'CRLProcessor'];
    const logs = await Promise.all(
      functions.map((name) => fleet.aws.control('GET /_local/logs', { function: name })),
    );
    const seen = JSON.stringify([await admin.everythingStored(), outputs, logs]);
    expect(outputs.CommandInvocations?.length).toBeGreaterThanOrEqual(2 * fleet.nodes.length);
    expect(seen).toContain(node(0).id);
    expect(seen).not.toContain('PRIVATE KEY');
    for (const host of fleet.nodes) {
      const line = key(host).split('\n')[5] ?? '';
      expect(line.length).toBeGreaterThan(40);
      expect(seen).not.toContain(line);
      expect(seen).not.toContain(Buffer.from(line).toString('base64').slice(4, -4));
    }
  });

  it('is a new one for every certificate', async () => {
    const before = await admin.row(node(0).id);
    const keyBefore = publicKeyHash(key(node(0)));
    await admin.edit(node(0).id, {}, ['expiry']);
    await admin.until(
      'the new one',
      node(0).id,
      (row) => isReady(row) && row['serial'] !== before?.['serial'],
    );
    const hashes = (await admin.ledger(node(0).id)).map((entry) => entry.publicKeyHash);
    expect(hashes).toEqual([keyBefore, publicKeyHash(key(node(0)))]);
    expect(new Set(hashes).size).toBe(2);
  });
});

describe('the proof', () => {
  it('is made on the host before the old pair is replaced: if it fails, the old files stay and work', async () => {
    const names = ['.crt', '.key', '.csr'].map((ending) => (host: LocalNode) => `${host.id}${ending}`);
    const files = (host: LocalNode): string[] =>
      [...names.map((name) => name(host)), 'ca_chain_certificate.crt'].map((name) =>
        readFileSync(fleet.file(host, name), 'utf8'),
      );
    const hosts = [node(1), node(2)];
    const before = hosts.map(files);
    for (const { id } of hosts) {
      await fleet.aws.control('POST /_local/nodes/state', { id, failProof: 1 });
      await admin.edit(id, {}, ['expiry']);
    }
    await Promise.all(hosts.map(({ id }) => admin.until('the failure', id, isFailing)));
    expect(hosts.map(files)).toEqual(before);
    expect((await fleet.earnCredentials(node(1))).identity).toContain('IAMRA-Role');
  });
});

describe('a failure', () => {
  it('reaches the administrators as one readable digest of one check', async () => {
    expect(await admin.mails()).toEqual([]);
    await fleet.aws.advanceClock(15 * 60_000);
    await expect.poll(async () => (await admin.mails()).length, { timeout: 20_000 }).toBe(1);
    const [mail] = await admin.mails();
    expect(mail?.subject).toBe('certvend: 2 hosts cannot get a certificate');
    for (const host of [node(1), node(2)]) {
      const [, ...paragraph] = (mail?.message ?? '').split(`${host.id}\n`);
      const [text = ''] = paragraph.join('').split('\n\n');
      expect(text).toMatch(/failed at: {2}deploying the certificate on the host/);
      expect(text).toMatch(/reason: {5}SessionRefused: .*injected/);
      expect(text).toMatch(/to do: {6}compare trust anchor/);
      expect(text).toMatch(/next try: {3}\d{4}-\d\d-\d\dT/);
      expect(text).toMatch(/in use: {5}a certificate valid until/);
    }
  });

  it('is over by itself, with the certificate that was issued already', async () => {
    // The tick that told of it may have begun the next try already; a leap in the middle would be a time-out.
    const hosts = [node(1), node(2)];
    await Promise.all(hosts.map(({ id }) => admin.until('the end of the try', id, (row) => !isIssuing(row))));
    await fleet.aws.advanceClock(35 * 60_000);
    await Promise.all(hosts.map(({ id }) => admin.until('the recovery', id, isReady)));
    expect(await admin.ledger(node(1).id)).toHaveLength(2);
  });
});

describe('certificates', () => {
  it('live for 7 days and are replaced in time', async () => {
    const certificate = new X509Certificate(readFileSync(fleet.file(node(0), `${node(0).id}.crt`)));
    const life = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
    expect(Math.abs(life - 7 * DAY_MS)).toBeLessThan(2 * 3_600_000);
    const serials = await Promise.all(fleet.nodes.map(async ({ id }) => (await admin.row(id))?.['serial']));
    await fleet.aws.advanceClock(5 * DAY_MS);
    await Promise.all(
      fleet.nodes.map(({ id }) =>
        admin.until('the renewal', id, (row) => isReady(row) && !serials.includes(row['serial'])),
      ),
    );
    expect(await now()).toBeLessThan(Date.parse(certificate.validTo) - DAY_MS);
  });
});
