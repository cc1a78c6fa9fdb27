/** The sample wrote `arn:aws:` everywhere, which exists in neither China nor GovCloud. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Fleet } from '../../../cli/demo/fleet.ts';
import { ready, startFleet } from '../../e2e/fleet.ts';
import { templateIn } from '../template.ts';

describe('defect 17: arn:aws: only', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet(1, { region: 'cn-north-1' });
  });
  afterAll(() => fleet.aws.close());

  it('no ARN of the template names a partition', () => {
    const { Resources } = templateIn(inject('assembly'));
    // The patterns of the documents describe ARNs of any partition.
    const others = Object.values(Resources).filter(({ Type }) => Type !== 'AWS::SSM::Document');
    expect(JSON.stringify(others).match(/arn:aws[a-z-]*:/g)).toBeNull();
  });

  it('a host in China gets a certificate and credentials', async () => {
    const ids = fleet.nodes.map(({ id }) => id);
    await Promise.all(ids.map((id) => fleet.enrol(id)));
    await fleet.until('the certificate', ids, ready);
    expect(fleet.outputs['PCAARN']).toMatch(/^arn:aws-cn:acm-pca:cn-north-1:/);
    const [node] = fleet.nodes;
    if (node === undefined) throw new Error('there is no node');
    expect((await fleet.earnCredentials(node)).identity).toMatch(/^arn:aws-cn:sts::/);
  });
});
