/** The sample's names were fixed: one stack per account and Region. (settings.test.ts runs two stacks side by side.) */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { assemble } from '../assemblies.ts';
import { templateIn } from '../template.ts';
import type { Template } from '../template.ts';

/** Properties that name a resource for the whole account and Region. */
const NAMES = [
  'FunctionName',
  'TableName',
  'TopicName',
  'QueueName',
  'RoleName',
  'Name',
  'LogGroupName',
  'AlarmName',
  'DashboardName',
  'BucketName',
  'AliasName',
  'ManagedPolicyName',
];

function namesIn({ Resources }: Template): string[] {
  return Object.values(Resources).flatMap(({ Type, Properties }) =>
    NAMES.map((name) => Properties[name])
      .filter((value) => typeof value === 'string')
      .map((value) => `${Type} ${JSON.stringify(value)}`),
  );
}

describe('defect 16: fixed global names', () => {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-assembly-'));
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('with namePrefix no name of one stack is a name of the other', () => {
    assemble(directory, { namePrefix: 'blue-' });
    const [first, second] = [namesIn(templateIn(inject('assembly'))), namesIn(templateIn(directory))];
    expect(first.length).toBeGreaterThan(20);
    expect(second).toHaveLength(first.length);
    expect(second.filter((name) => first.includes(name))).toEqual([]);
  });
});
