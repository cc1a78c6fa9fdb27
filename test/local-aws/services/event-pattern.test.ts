import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../../local-aws/services/events/pattern.ts';
import type { Json } from '../../../local-aws/platform.ts';

const event: Json = {
  source: 'aws.s3',
  resources: ['arn:aws:s3:::b', 'arn:other'],
  detail: { object: { key: 'crl/abc.crl', size: 10 }, status: 'Success', none: null, empty: [] },
};

const cases: Record<string, [pattern: Json, matches: boolean]> = {
  'an exact value': [{ source: ['aws.ssm', 'aws.s3'] }, true],
  'another value': [{ source: ['aws.ssm'] }, false],
  'all members must match': [{ source: ['aws.s3'], detail: { status: ['Failed'] } }, false],
  'an array matches by any element': [{ resources: ['arn:other'] }, true],
  prefix: [{ detail: { object: { key: [{ prefix: 'crl/' }] } } }, true],
  'prefix that is not there': [{ detail: { object: { key: [{ prefix: 'x/' }] } } }, false],
  'two matchers in one list are alternatives': [
    { detail: { object: { key: [{ prefix: 'x' }, { suffix: '.crl' }] } } },
    true,
  ],
  wildcard: [{ detail: { object: { key: [{ wildcard: 'crl/*.crl' }] } } }, true],
  'wildcard with a literal dot': [{ detail: { object: { key: [{ wildcard: 'crl/*xcrl' }] } } }, false],
  'anything-but': [{ detail: { status: [{ 'anything-but': ['Pending', 'InProgress'] }] } }, true],
  'anything-but the value itself': [{ detail: { status: [{ 'anything-but': 'Success' }] } }, false],
  'anything-but with a missing member': [{ detail: { missing: [{ 'anything-but': 'x' }] } }, false],
  'anything-but a prefix': [{ detail: { status: [{ 'anything-but': { prefix: 'Suc' } }] } }, false],
  'numeric range': [{ detail: { object: { size: [{ numeric: ['>', 5, '<=', 10] }] } } }, true],
  'exists true': [{ detail: { status: [{ exists: true }] } }, true],
  'exists false on a missing leaf': [{ detail: { gone: { leaf: [{ exists: false }] } } }, true],
  'equals-ignore-case': [{ detail: { status: [{ 'equals-ignore-case': 'SUCCESS' }] } }, true],
  null: [{ detail: { none: [null] } }, true],
  $or: [{ $or: [{ source: ['x'] }, { detail: { status: ['Success'] } }] }, true],
};

describe('event patterns', () => {
  test.each(Object.entries(cases))('%s', (_name, [pattern, matches]) => {
    expect(compilePattern(pattern)(event)).toBe(matches);
  });

  test('a matcher that is not modelled is refused by name', () => {
    expect(() => compilePattern({ detail: { ip: [{ cidr: '10.0.0.0/8' }] } })).toThrow(
      'matcher "cidr" is not modelled',
    );
    expect(() => compilePattern({ source: 'aws.s3' })).toThrow('non-empty object');
  });
});
