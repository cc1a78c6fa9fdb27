/** The sample deployed any issuance event of the CA to whatever host its CN named. */
import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/core/time.ts';
import { HOST } from '../../builders/facts.ts';
import { csrText } from '../../ports/certificates.ts';
import { World } from '../../ports/world.ts';

const forged = { csr: csrText(HOST, 'a key of somebody else'), validitySeconds: 3_600, token: 'foreign' };

describe('defect 6: the CN of a certificate says where it goes', () => {
  it.each([
    ['a host that has a certificate', 2 * MINUTE],
    ['a host that is about to get one', 5],
    ['a host that is not enrolled', 0],
  ])('a certificate that we did not ask for, for %s, is left alone and counted', async (_, after) => {
    const world = new World();
    if (after === 0) world.hosts.add(HOST);
    else world.enrol(HOST);
    await world.run(after);
    const arn = await world.authority.issue(forged);
    await world.run(10 * MINUTE);
    const { certificate } = world.authority.issued.find((one) => one.arn === arn) ?? {};
    const deployed = world.hosts.sent.map(({ parameters }) =>
      Buffer.from(parameters['Certificate'] ?? '', 'base64').toString(),
    );
    expect(certificate?.subject).toEqual([{ type: 'CN', value: HOST }]);
    expect(deployed.filter((text) => text.includes(certificate?.serial ?? ''))).toEqual([]);
    expect(world.ledger.entries.has(arn)).toBe(false);
    expect(world.counts.get('ForeignIssuances')).toBe(1);
    expect(world.row(HOST)['status']).toBe(after === 0 ? undefined : 'Ready');
    expect(world.row(HOST)['serial']).not.toBe(certificate?.serial);
  });
});
