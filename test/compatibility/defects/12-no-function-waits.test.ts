/** The sample's functions waited for commands that took longer than the functions were allowed to run. */
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { renderCommandDocument } from '../../../lib/command-document.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { HOST } from '../../builders/facts.ts';
import { World } from '../../ports/world.ts';
import { ofType, templateIn } from '../template.ts';

describe('defect 12: functions that wait for a host', () => {
  it('a host that takes longer than any function may run gets its certificate all the same', async () => {
    const [functions] = [ofType(templateIn(inject('assembly')), 'AWS::Lambda::Function')];
    const longest = Math.max(...functions.map(({ Timeout }) => Number(Timeout)));
    const world = new World();
    world.enrol(HOST);
    world.hosts.host(HOST).delaySeconds = 3 * longest;
    await world.run(6 * longest + MINUTE);
    expect(world.row(HOST)['status']).toBe('Ready');
    expect(world.authority.issued).toHaveLength(1);
  });

  it('what bounds a command is its own time-out, far below the deadline of its attempt', () => {
    const seconds = (['GenerateCsr', 'DeployCertificate'] as const).map((kind) => {
      const { mainSteps } = z
        .object({ mainSteps: z.array(z.object({ inputs: z.object({ timeoutSeconds: z.string() }) })) })
        .parse(renderCommandDocument(kind).content);
      return Number(mainSteps[0]?.inputs.timeoutSeconds);
    });
    expect(seconds).toEqual([180, 240]);
    expect(Math.max(...seconds) + 120).toBeLessThan(15 * MINUTE);
  });
});
