/** The sample ran on x86 only, on a runtime past its end of life, from a zip in the repository. */
import { execFileSync } from 'node:child_process';
import { describe, expect, inject, it } from 'vitest';
import { ofType, templateIn } from '../template.ts';

describe('defect 23: architecture, runtime and code', () => {
  const functions = ofType(templateIn(inject('assembly')), 'AWS::Lambda::Function');

  it('arm64 and Node.js 24, which is supported until April 2028', () => {
    expect(functions).toHaveLength(4);
    for (const properties of functions) {
      expect(properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    }
  });

  it('the code is built from source: nothing packed is kept in the repository', () => {
    const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).split('\n');
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => /\.(zip|tar|t?gz|jar|whl|node|so|exe)$/.test(file))).toEqual([]);
  });
});
