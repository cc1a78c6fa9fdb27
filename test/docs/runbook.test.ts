import { readdirSync } from 'node:fs';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { describe, expect, it } from 'vitest';
import { CERTIFICATE_IS_LOST, FAILURE, REASON } from '../../src/core/reasons.ts';
import { stackOf } from '../lib/stacks.ts';
import { headings, read, section } from './documents.ts';

const runbook = read('docs/runbook.md');

/** Reasons that the host scripts give, as they are written there. */
function hostReasons(): string[] {
  const text = readdirSync(new URL('../../ssm-documents/scripts/', import.meta.url))
    .map((name) => read(`ssm-documents/scripts/${name}`))
    .join('\n');
  const literal = [...text.matchAll(/\bfail ([A-Z][A-Za-z]+)/g)].map(([, reason = '']) => reason);
  return [...new Set([...literal, ...composedReasons(text)])];
}

/** `reason=${1}Unreadable` with the names that the function is called with. */
function composedReasons(text: string): string[] {
  expect(text).toContain('reason=${1}Unreadable');
  return [...text.matchAll(/read_certificates ([A-Z][A-Za-z]+)/g)].map(
    ([, name = '']) => `${name}Unreadable`,
  );
}

/** The ids of the alarms, as lib/alarms.ts gives them. */
function alarms(): string[] {
  return stackOf()
    .node.findAll()
    .filter((construct) => construct instanceof CfnAlarm)
    .map(({ node }) => node.scope?.node.id ?? '');
}

function sectionOf(name: string): string {
  expect(headings(runbook)).toContain(name);
  return section(runbook, `### ${name}`).trim();
}

describe('the runbook has a section', () => {
  it.each(Object.values(REASON))('for the decision %s', (reason) => {
    expect(sectionOf(reason)).not.toBe('');
  });

  it.each(Object.values(FAILURE))('for the failure %s of the functions', (reason) => {
    expect(sectionOf(reason)).not.toBe('');
  });

  it.each(hostReasons())('for the failure %s on the host', (reason) => {
    expect(sectionOf(reason)).not.toBe('');
  });

  it.each(alarms())('for the alarm %s', (alarm) => {
    expect(sectionOf(alarm)).not.toBe('');
  });

  it('for nothing else that looks like a reason', () => {
    const known = [...Object.values(REASON), ...Object.values(FAILURE), ...hostReasons(), ...alarms()];
    const shown = headings(runbook).filter((heading) => /^[A-Z][a-z]+([A-Z][a-z]+)+$/.test(heading));
    expect(shown.filter((heading) => !known.includes(heading))).toEqual([]);
  });
});

describe('reasons', () => {
  it('after which a certificate is lost are given by somebody', () => {
    const known = [...Object.values(FAILURE), ...hostReasons()];
    expect(CERTIFICATE_IS_LOST.filter((reason) => !known.includes(reason))).toEqual([]);
  });
});
