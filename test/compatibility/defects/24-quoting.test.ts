/** The sample pasted host id and paths unquoted into a root shell. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderCommandDocument } from '../../../lib/command-document.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { World } from '../../ports/world.ts';
import { parametersIn, scriptOf } from '../../scripts/documents.ts';
import { attempt, TestHost } from '../../scripts/test-host.ts';

const INJECTIONS = [
  '/tmp/x; touch /pwned',
  '/tmp/$(touch /pwned)',
  '/tmp/`touch /pwned`',
  "/tmp/'; touch /pwned; '",
  '/tmp/x\ntouch /pwned',
  '/tmp/../../etc',
];
const PATHS = ['certPath', 'keyPath', 'csrPath', 'cacertPath', 'signinghelperPath'];

describe('defect 24: values pasted into a root shell', () => {
  it('such a row is refused with a reason and no host gets a command', async () => {
    const world = new World();
    const rows = INJECTIONS.flatMap((value) => PATHS.map((name) => ({ name, value })));
    const ids = rows.map((_, index) => `mi-${String(index).padStart(17, '0')}`);
    for (const [index, { name, value }] of rows.entries()) {
      world.hosts.add(ids[index] ?? '');
      world.inventory.put({ hostID: ids[index], [name]: value });
    }
    world.inventory.put({ hostID: 'mi-0; touch /pwned' });
    await world.run(MINUTE);
    expect(world.hosts.sent).toEqual([]);
    expect(new Set([...world.inventory.rows.values()].map(({ status }) => status))).toEqual(
      new Set(['Invalid']),
    );
  });

  it.each(['GenerateCsr', 'DeployCertificate'] as const)('%s takes none of them at the API', (kind) => {
    for (const [name, { allowedPattern }] of parametersIn(renderCommandDocument(kind))) {
      const taken = INJECTIONS.filter(
        (value) => new RegExp(allowedPattern).test(value) && !/^[^;$`'\n]*$/.test(value),
      );
      expect({ name, taken }).toEqual({ name, taken: [] });
    }
  });

  describe('on the host', () => {
    let host: TestHost;
    beforeAll(() => {
      host = TestHost.create();
    });
    afterAll(() => {
      host.remove();
    });

    it.each([
      '$(touch "$CERTVEND_ROOT/pwned")',
      '`touch "$CERTVEND_ROOT/pwned"`',
      '"; touch "$CERTVEND_ROOT/pwned"; "',
    ])('%s stays a text even if it gets there, and is refused again', async (value) => {
      const runs = await Promise.all(
        ['HostId', 'CertPath', 'KeyPath', 'Owner'].map((name) =>
          host.run('GenerateCsr', { Attempt: attempt(1), [name]: value }),
        ),
      );
      for (const run of runs) expect(run.code).toBe(1);
      expect(host.exists('/pwned')).toBe(false);
    });

    it('no value stands anywhere but in single quotes on the first lines', () => {
      for (const kind of ['GenerateCsr', 'DeployCertificate'] as const) {
        const lines = scriptOf(renderCommandDocument(kind))
          .split('\n')
          .filter((line) => line.includes('{{'));
        expect(lines.filter((line) => !/^(readonly )?\w+='\{\{ \w+ \}\}'$/.test(line))).toEqual([]);
        expect(lines.length).toBeGreaterThan(10);
      }
    });
  });
});
