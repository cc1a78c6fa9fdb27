import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { ready, startFleet } from './fleet.ts';

const BAD_ROWS: Readonly<Record<string, Record<string, AttributeValue>>> = {
  'i-0123456789abcdef0': {},
  'mi-$(id)': {},
  'mi-00000000000000001': { owner: { S: 'root; id' } },
  'mi-00000000000000002': { certPath: { S: '/etc/../root' } },
  'mi-00000000000000003': { reloadUnit: { L: [{ S: 'nginx.service' }] } },
  'mi-00000000000000004': { keyPath: { S: 'a'.repeat(10_000) } },
  'mi-00000000000000005': {
    certificate: { S: 'x' },
    attempt: { N: '5' },
    failure: { L: [] },
    certPath: { M: {} },
  },
};

interface Mail {
  readonly subject: string;
  readonly message: string;
}

describe('rows that cannot be used', () => {
  let fleet: Fleet;
  const ids = Object.keys(BAD_ROWS);

  beforeAll(async () => {
    fleet = await startFleet(1);
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new DynamoDBClient({
      endpoint: fleet.aws.endpoint,
      region: fleet.aws.region,
      credentials,
    });
    for (const [hostID, attributes] of Object.entries(BAD_ROWS)) {
      await client.send(
        new PutItemCommand({ TableName: 'certificates', Item: { hostID: { S: hostID }, ...attributes } }),
      );
    }
    const [node] = fleet.nodes;
    await fleet.enrol(node?.id ?? '');
  });
  afterAll(() => fleet.aws.close());

  it('do not keep a good row from its certificate', async () => {
    await fleet.until(
      'the first certificate',
      fleet.nodes.map(({ id }) => id),
      ready,
    );
  });

  it('get a status that says what was got, what is allowed and what to do', async () => {
    const rows = await fleet.until('the status', ids, ({ status }) => status === 'Invalid');
    for (const { statusReason, statusMessage } of rows) {
      expect(statusReason).toBe('InvalidRow');
      expect(statusMessage).toMatch(/ is .*; .*allowed: .*; (correct|delete)/);
      expect(statusMessage.length).toBeLessThan(400);
    }
  });

  it('are all named in mails, without a control character', async () => {
    const mails = (await fleet.aws.control('GET /_local/mail')) as unknown as Mail[];
    const text = mails.map(({ subject, message }) => subject + message).join('\n');
    for (const id of ids) expect(text).toContain(id);
    expect(text).not.toMatch(/[^\x20-\x7e\n]/);
  });
});
