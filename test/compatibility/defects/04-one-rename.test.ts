/** The sample moved certificate and key in two steps: a crash in between left a mixed pair. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csrOf, pairOf, rotate } from '../../scripts/pair.ts';
import { TestCa } from '../../scripts/test-ca.ts';
import type { Issued } from '../../scripts/test-ca.ts';
import { attempt, TestHost } from '../../scripts/test-host.ts';

let ca: TestCa;
let enrolled: TestHost;
let issued: Issued;

beforeAll(async () => {
  ca = await TestCa.create();
  enrolled = TestHost.create();
  await rotate(enrolled, ca, 1);
  issued = await ca.issue(csrOf(await enrolled.run('GenerateCsr', { Attempt: attempt(2) })));
});
afterAll(() => {
  ca.remove();
  enrolled.remove();
});

/** The power goes at the n-th change of a name on the disk, before or after it took place. */
function powerCut(number: number, when: 'before' | 'after'): (script: string) => string {
  const move = 'command mv "$@"';
  const cut = `(( (cuts += 1) != ${String(number)} )) || kill -9 $$`;
  const body = when === 'before' ? `${cut}; ${move}` : `${move}; ${cut}`;
  return (script) =>
    script
      .replace('\nmain\n', `\ncuts=0\nmv() { ${body}; }\nmain\n`)
      .replace(/\nmain$/, `\ncuts=0\nmv() { ${body}; }\nmain`);
}

describe('defect 4: certificate and key moved in two steps', () => {
  it('wherever the power goes, the host has a pair that matches, and the next run completes it', async () => {
    const seen: string[] = [];
    for (const when of ['before', 'after'] as const) {
      for (let number = 1; number <= 3; number += 1) {
        const host = enrolled.copy();
        try {
          const killed = await host.run(
            'DeployCertificate',
            { Attempt: attempt(2), ...issued },
            { edit: powerCut(number, when) },
          );
          expect(killed.code).not.toBe(0);
          const pair = pairOf(host);
          expect(pair.matches).toBe(true);
          seen.push(pair.serial === pairOf(enrolled).serial ? 'old' : 'new');
          const again = await host.run('DeployCertificate', { Attempt: attempt(2), ...issued });
          expect(again.result).toMatchObject({ ok: true });
          expect(pairOf(host)).toMatchObject({ matches: true, serial: again.result['serial'] });
        } finally {
          host.remove();
        }
      }
    }
    // The cuts lie on both sides of the one rename that counts.
    expect(new Set(seen)).toEqual(new Set(['old', 'new']));
  });
});
