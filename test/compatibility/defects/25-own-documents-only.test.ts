/** In the sample every host could be sent AWS-RunShellScript, that is any script as root. */
import { describe, expect, inject, it } from 'vitest';
import { statementsOf, templateIn } from '../template.ts';

describe('defect 25: any script as root', () => {
  const template = templateIn(inject('assembly'));
  const sending = statementsOf(template).filter(
    ({ Effect, Action }) =>
      Effect === 'Allow' &&
      Action.some((action) => /^(\*|ssm:(\*|Send.*))$/.test(JSON.stringify(action).slice(1, -1))),
  );

  it('the functions may send our two documents, and those to managed nodes only', () => {
    expect(sending).toHaveLength(2);
    const resources = sending.map(({ Resource }) => Resource.map((one) => JSON.stringify(one)));
    for (const [index, kind] of ['GenerateCsr', 'DeployCertificate'].entries()) {
      const [document, nodes, ...others] = resources[index] ?? [];
      expect(document).toMatch(new RegExp(`:document/certvend-${kind}-[0-9a-f]{8}"`));
      expect(nodes).toMatch(/:managed-instance\/\*"/);
      expect(others).toEqual([]);
    }
  });

  it('nothing names a document of AWS', () => {
    expect(JSON.stringify(template.Resources)).not.toMatch(/AWS-Run|document\/AWS|document\/\*/);
  });
});
