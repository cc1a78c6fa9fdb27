/** A manual invoke over a table much larger than one run of CertCheck can read at its leisure. */
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { requestHash, deploymentHash } from '../../src/core/hashes.ts';
import { checkRow } from '../../src/core/host-request.ts';
import { rowTime, isoTime } from '../../src/core/time.ts';
import { DEFAULTS } from '../builders/facts.ts';
import { Administrator, isReady } from '../e2e/administrator.ts';
import { startFleet } from '../e2e/fleet.ts';

const HOSTS = 20_000;
const DAY = 86_400;
let fleet: Fleet;
let admin: Administrator;

beforeAll(async () => {
  fleet = await startFleet(1);
  admin = new Administrator(fleet.aws, fleet.outputs);
  const { endpoint, region } = fleet.aws;
  const client = new DynamoDBClient({
    endpoint,
    region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  for (let from = 0; from < HOSTS; from += 25) {
    const puts = Array.from({ length: 25 }, (_, index) => ({
      PutRequest: { Item: marshall(inUse(`mi-${String(from + index).padStart(17, '0')}`)) },
    }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { certificates: puts } }));
  }
}, 300_000);
afterAll(() => fleet.aws.close());

/** A host with a new certificate, as certvend writes it. */
function inUse(hostID: string): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  const authority = fleet.outputs['PCAARN'] ?? '';
  const { request, deployment } = checkRow(hostID, {}, DEFAULTS, authority);
  return {
    hostID,
    revision: 'r',
    status: 'Ready',
    expiry: rowTime(now + 7 * DAY),
    serial: '0A0B',
    checkShard: '0',
    nextCheckAt: isoTime(now + 4 * DAY),
    certificate: {
      arn: `${authority}/certificate/0a0b`,
      serial: '0A0B',
      publicKeyHash: 'a'.repeat(64),
      notBefore: isoTime(now),
      notAfter: isoTime(now + 7 * DAY),
      deployedAt: isoTime(now),
      requestHash: requestHash(request),
      deploymentHash: deploymentHash(deployment),
    },
  };
}

describe(`a table of ${String(HOSTS)} hosts of which one is due`, () => {
  it('is answered within 45 s, and the one gets its certificate, at once or behind the answer', async () => {
    const id = fleet.nodes[0]?.id ?? '';
    // With a revision of its own the row looks like one that the stream has reported already.
    await admin.put({ hostID: id, revision: 'lost' });
    const begun = Date.now();
    let answer = await admin.invoke();
    expect(Date.now() - begun).toBeLessThan(45_000);
    const hosts = Number(answer['hosts']);
    // What one run could not see is seen by the ticks that follow.
    for (let ticks = 0; answer['complete'] !== true && ticks < 20; ticks += 1)
      answer = await admin.invoke({ certvend: 'tick' });
    await admin.until('the certificate', id, isReady);
    expect(hosts).toBeGreaterThan(1_000);
  });
});
