/** The commands of the contract, one by one, as printed there, by the calls that the AWS CLI makes of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RevocationReason } from '@aws-sdk/client-acm-pca';
import { eventually } from '../../cli/demo/fleet.ts';
import type { Fleet } from '../../cli/demo/fleet.ts';
import type { LocalNode } from '../../local-aws/index.ts';
import { Administrator, isReady } from '../e2e/administrator.ts';
import { startFleet } from '../e2e/fleet.ts';

/** All eight of RevokeCertificate, and how openssl names them in a CRL. */
const REASONS: readonly [RevocationReason, string][] = [
  ['UNSPECIFIED', ''],
  ['KEY_COMPROMISE', 'Key Compromise'],
  ['CERTIFICATE_AUTHORITY_COMPROMISE', 'CA Compromise'],
  ['AFFILIATION_CHANGED', 'Affiliation Changed'],
  ['SUPERSEDED', 'Superseded'],
  ['CESSATION_OF_OPERATION', 'Cessation Of Operation'],
  ['PRIVILEGE_WITHDRAWN', 'Privilege Withdrawn'],
  ['A_A_COMPROMISE', 'AA Compromise'],
];
const DAY_MS = 86_400_000;

let fleet: Fleet;
let admin: Administrator;

beforeAll(async () => {
  fleet = await startFleet(REASONS.length + 1);
  admin = new Administrator(fleet.aws, fleet.outputs);
});
afterAll(() => fleet.aws.close());

function node(index: number): LocalNode {
  const found = fleet.nodes.at(index);
  if (found === undefined) throw new Error(`there is no node ${String(index)}`);
  return found;
}
/** Small keys, so that eight hosts are ready quickly. */
const row = (hostID: string): { hostID: string; keyAlgorithm: string } => ({
  hostID,
  keyAlgorithm: 'EC_prime256v1',
});

describe('npx cdk deploy -c SNSSubscriberEmail=ops@example.com', () => {
  it('is enough: the stack of the other tests was deployed with nothing else', () => {
    const names = ['PCAARN', 'IAMRATrustAnchorARN', 'IAMRAProfileARN', 'IAMRARoleARN'];
    expect(Object.keys(fleet.outputs)).toEqual(expect.arrayContaining(names));
    expect(names.map((name) => fleet.outputs[name])).not.toContain('');
  });
});

describe('aws dynamodb put-item --item \'{"hostID":{"S":"mi-…"}}\'', () => {
  it('enrols the host: its first certificate follows without any further command', async () => {
    await admin.put({ hostID: node(0).id });
    await admin.until('the first certificate', node(0).id, isReady);
    expect((await fleet.earnCredentials(node(0))).identity).toMatch(/:assumed-role\/IAMRA-Role\//);
  });
});

describe('aws lambda invoke --function-name CertCheck-Trigger', () => {
  it.each([
    ['no payload', undefined, 1],
    ['a payload that nobody knows', { key: 'value' }, 2],
  ])('with %s reconciles the whole table and starts what is due', async (_, payload, index) => {
    // With a revision of its own the row looks like one that the stream has reported already.
    await admin.put({ ...row(node(index).id), revision: 'lost' });
    const begun = Date.now();
    const answer = await admin.invoke(payload);
    expect(Date.now() - begun).toBeLessThan(45_000);
    expect(answer).toMatchObject({ started: 1, complete: true });
    expect(answer['message']).toMatch(/^\d+ hosts looked at, 1 certificates started, .*need nothing.*\.$/);
    await admin.until('the certificate', node(index).id, isReady);
  });
});

describe('aws dynamodb update-item … REMOVE expiry', () => {
  it('replaces the certificate, with a new private key and nothing else changed', async () => {
    const before = await admin.row(node(1).id);
    await admin.edit(node(1).id, {}, ['expiry']);
    const after = await admin.until(
      'the new certificate',
      node(1).id,
      (now) => isReady(now) && now['serial'] !== before?.['serial'],
    );
    expect(after['keyAlgorithm']).toBe('EC_prime256v1');
    const [first, second] = await admin.ledger(node(1).id);
    expect([first?.outcome, second?.outcome]).toEqual(['superseded', 'deployed']);
    expect(second?.publicKeyHash).not.toBe(first?.publicKeyHash);
  });
});

describe('aws acm-pca revoke-certificate', () => {
  const hosts = (): readonly LocalNode[] => fleet.nodes.slice(1);
  const serials = (): Promise<string[]> =>
    Promise.all(hosts().map(async ({ id }) => String((await admin.row(id))?.['serial'])));

  beforeAll(async () => {
    await Promise.all(
      hosts()
        .slice(2)
        .map(({ id }) => admin.put(row(id))),
    );
    await Promise.all(hosts().map(({ id }) => admin.until('the certificate', id, isReady)));
    for (const [index, serial] of (await serials()).entries()) {
      await admin.revoke(serial, REASONS[index]?.[0]);
    }
    await Promise.all(
      hosts().map(({ id }) => admin.until('the hold', id, (now) => now['status'] === 'Revoked')),
    );
  });

  it('takes the serial of the row and all eight reasons, which reach the CRL in S3', async () => {
    const revoked = await serials();
    const { key, text } = await eventually(
      () => admin.crl(),
      (crl) => revoked.every((serial) => crl.text.includes(serial)),
      (crl) => `not all of ${revoked.join(', ')} are in the CRL: ${crl.text}`,
    );
    expect(key).toMatch(/^crl\/.+\.crl$/);
    for (const [index, [, reason]] of REASONS.entries()) {
      const [, after = ''] = text.split(`Serial Number: ${revoked[index] ?? ''}`);
      expect(after.split('Serial Number')[0]).toContain(reason);
    }
  });

  it('gets the CRL into Roles Anywhere: CreateSession is refused, for others it is not', async () => {
    for (const host of [node(1), node(-1)]) {
      const refusal = await eventually(
        () => fleet.earnCredentials(host).then(() => '', String),
        (message) => message !== '',
        () => 'the revoked certificate still earns credentials',
      );
      expect(refusal).toMatch(/AccessDenied.*revoked/is);
    }
    await fleet.earnCredentials(node(0));
  });

  it('reissues nothing by itself: not at once, not by hand, not at renewal time', async () => {
    const before = await serials();
    expect(await admin.invoke()).toMatchObject({ started: 0, held: REASONS.length });
    const live = (await admin.row(node(0).id))?.['serial'];
    await fleet.aws.advanceClock(5 * DAY_MS);
    await admin.until(
      'the renewal of the other host',
      node(0).id,
      (now) => isReady(now) && now['serial'] !== live,
    );
    expect(await admin.invoke()).toMatchObject({ started: 0, held: REASONS.length });
    expect(await serials()).toEqual(before);
  });

  it('holds the host until expiry is removed', async () => {
    const [serial] = await serials();
    await admin.edit(node(1).id, {}, ['expiry']);
    await admin.until('the certificate', node(1).id, (now) => isReady(now) && now['serial'] !== serial);
    await fleet.earnCredentials(node(1));
  });
});
