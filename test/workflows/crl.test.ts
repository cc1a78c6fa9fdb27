import { beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../src/core/time.ts';
import { processCrl, processRevocation } from '../../src/workflows/process-crl.ts';
import type { CrlRun } from '../../src/workflows/process-crl.ts';
import { CA, HOST } from '../builders/facts.ts';
import { crlBytes, memoryCodec } from '../ports/certificates.ts';
import type { CrlText } from '../ports/certificates.ts';
import { MODES, once } from '../ports/faults.ts';
import { MemoryCrlObjects, MemoryRevocationLists } from '../ports/revocation.ts';
import { World } from '../ports/world.ts';
import { standing } from './invariants.ts';

const TRUST_ANCHOR = 'arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/ta';
const BUCKET = 'crl-bucket';
const KEY = `crl/${CA.split('/').at(-1) ?? ''}.crl`;

let world: World;
let lists: MemoryRevocationLists;
let objects: MemoryCrlObjects;
let serial: string;

function crl(number: number, changes: Partial<CrlText> = {}): CrlText {
  return {
    issuer: 'ours',
    number,
    thisUpdate: world.agenda.now(),
    nextUpdate: world.agenda.now() + 7 * DAY,
    entries: [],
    ...changes,
  };
}
const write = (content: CrlText): void => {
  objects.objects.set(`${BUCKET}/${KEY}`, crlBytes(content));
};
const numbers = (): string[] =>
  lists.lists.map(({ data, enabled }) => {
    const { issuer, number } = memoryCodec.crl(data);
    return `${issuer} ${String(number)}${enabled ? '' : ' disabled'}`;
  });
function run(): CrlRun {
  world.faults.newInvocation();
  const { faults } = world;
  return {
    ports: {
      inventory: faults.around('inventory', world.inventory),
      ledger: faults.around('ledger', world.ledger),
      codec: memoryCodec,
      objects: faults.around('objects', objects),
      lists: faults.around('lists', lists),
      telemetry: {
        info: () => undefined,
        warn: () => undefined,
        count: () => undefined,
        gauge: () => undefined,
      },
    },
    certificateAuthorityArn: CA,
    trustAnchorArn: TRUST_ANCHOR,
    now: world.agenda.now(),
  };
}

beforeEach(async () => {
  world = new World();
  lists = new MemoryRevocationLists(TRUST_ANCHOR);
  objects = new MemoryCrlObjects();
  world.enrol(HOST);
  await world.run(HOUR);
  serial = String(world.row(HOST)['serial']);
});

describe('an object event', () => {
  it('imports the first CRL, and updates it from then on', async () => {
    write(crl(1));
    await processCrl(BUCKET, KEY, run());
    write(crl(2));
    await processCrl(BUCKET, KEY, run());
    expect(numbers()).toEqual(['ours 2']);
  });

  it('that comes late brings the object as it is now, never an older one', async () => {
    write(crl(7));
    await processCrl(BUCKET, KEY, run());
    write(crl(5));
    await processCrl(BUCKET, KEY, run());
    expect(numbers()).toEqual(['ours 7']);
  });

  it('overtaken by a newer one while it worked ends with the newer one', async () => {
    write(crl(1));
    await processCrl(BUCKET, KEY, run());
    write(crl(2));
    const slow = run();
    const update = lists.update.bind(lists);
    let first = true;
    lists.update = async (stored, pem) => {
      if (first) {
        first = false;
        write(crl(3));
        await processCrl(BUCKET, KEY, run());
      }
      await update(stored, pem);
    };
    await processCrl(BUCKET, KEY, slow);
    expect(numbers()).toEqual(['ours 3']);
  });

  it.each(['acm-pca-permission-test-key', 'crl/', 'crl/../x.crl', 'crl/another-authority.crl', 'logs/a.crl'])(
    'for %s is ignored',
    async (key) => {
      objects.objects.set(`${BUCKET}/${key}`, crlBytes(crl(9)));
      await processCrl(BUCKET, key, run());
      expect(lists.lists).toEqual([]);
    },
  );

  it('for an object that was deleted meanwhile is ignored', async () => {
    await processCrl(BUCKET, KEY, run());
    expect(lists.lists).toEqual([]);
  });

  it('adopts and enables a CRL of the same issuer that somebody else imported', async () => {
    lists.put({ id: 'by-hand', name: 'by hand', enabled: false, data: crlBytes(crl(3)) });
    write(crl(4));
    await processCrl(BUCKET, KEY, run());
    expect(numbers()).toEqual(['ours 4']);
  });

  it('enables a CRL that was disabled, even if it is the newest', async () => {
    write(crl(4));
    await processCrl(BUCKET, KEY, run());
    const [stored] = lists.lists.splice(0);
    lists.put({ id: stored?.id ?? '', data: stored?.data ?? Buffer.of(), enabled: false });
    await processCrl(BUCKET, KEY, run());
    expect(numbers()).toEqual(['ours 4']);
  });

  it('leaves a foreign CRL under the anchor, and one of another anchor, alone', async () => {
    lists.put({ id: 'foreign', data: crlBytes(crl(3, { issuer: 'other' })) });
    lists.put({ id: 'elsewhere', data: crlBytes(crl(3)), trustAnchorArn: 'another anchor' });
    write(crl(4));
    await processCrl(BUCKET, KEY, run());
    expect(numbers()).toEqual(['other 3', 'ours 3', 'ours 4']);
  });

  it('says what to do when two foreign CRLs leave no room', async () => {
    lists.put({ id: 'foreign-1', data: crlBytes(crl(3, { issuer: 'other' })) });
    lists.put({ id: 'foreign-2', name: 'unreadable', data: Buffer.from('noise') });
    write(crl(4));
    await expect(processCrl(BUCKET, KEY, run())).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/foreign-1.*foreign-2.*delete one/) as unknown,
    });
  });
});

describe('a revocation', () => {
  const entries = (): CrlText['entries'] => [{ serial, revokedAt: world.agenda.now() }];

  it.each(MODES)(
    'survives any one call of its processing that is %s, when it is tried again',
    async (mode) => {
      write(crl(1));
      await processCrl(BUCKET, KEY, run());
      write(crl(2, { entries: entries() }));
      world.faults.calls.length = 0;
      for (let index = 0; index < 12; index += 1) {
        world.faults.plan = once(index, mode);
        await processCrl(BUCKET, KEY, run()).catch(() => undefined);
      }
      world.faults.plan = () => undefined;
      await processCrl(BUCKET, KEY, run());
      expect(numbers()).toEqual(['ours 2']);
      expect(world.row(HOST)['status']).toBe('Revoked');
      expect([...world.ledger.entries.values()].map(({ revokedAt }) => revokedAt)).toEqual([
        expect.any(Number),
      ]);
    },
  );

  it('holds the host until expiry is removed, and then costs one new certificate', async () => {
    const arn = `${CA}/certificate/${serial.toLowerCase()}`;
    await processRevocation(arn, run());
    await processRevocation(arn, run());
    await world.run(20 * DAY);
    expect(world.row(HOST)['status']).toBe('Revoked');
    expect(world.authority.issued).toHaveLength(1);
    world.inventory.update(HOST, {}, ['expiry']);
    await world.run(HOUR);
    expect(standing(world, HOST)).toBe('Ready');
    expect(world.authority.issued).toHaveLength(2);
  });

  it('of a certificate of another CA is none of ours', async () => {
    await processRevocation(`${CA.replace('1111', '9999')}/certificate/${serial.toLowerCase()}`, run());
    expect(world.row(HOST)['status']).toBe('Ready');
  });
});
