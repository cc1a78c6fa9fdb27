import { describe, expect, it } from 'vitest';
import type { SettingsInput } from '../../src/settings/settings.ts';
import { resources, templateOf, text } from './stacks.ts';

const guardOf = (settings: Partial<SettingsInput>) =>
  resources(templateOf(settings)).find(({ id }) => id === 'CertificateAuthorityGuard');
const authorityOf = (settings: Partial<SettingsInput>) =>
  resources(templateOf(settings)).find(({ id }) => id === 'CertificateAuthority');

describe('the guard of the CA', () => {
  // CloudFormation does not replace a resource with a name of its own, and a description cannot be updated.
  it.each<Partial<SettingsInput>>([
    { caCommonName: 'other.example.com' },
    { orgName: 'Other' },
    { caCountry: 'DE' },
    { keyAlgorithm: 'RSA_4096' },
    { signingAlgorithm: 'SHA512WITHRSA' },
  ])('has the same name and another description with %o', (settings) => {
    const [before, after] = [guardOf({}), guardOf(settings)];
    expect(text(after?.properties['ManagedPolicyName'])).toBe(text(before?.properties['ManagedPolicyName']));
    expect(after?.properties['Description']).not.toBe(before?.properties['Description']);
  });

  it('is the same whatever else changes', () => {
    const settings: Partial<SettingsInput> = { caCertValidity: 5, certPath: '/opt/certs', expectedHosts: 5 };
    expect(guardOf(settings)).toEqual(guardOf({}));
  });

  it('comes before the CA and belongs to nobody', () => {
    expect(authorityOf({})?.dependsOn).toContain('CertificateAuthorityGuard');
    expect(Object.keys(guardOf({})?.properties ?? {}).sort()).toEqual([
      'Description',
      'ManagedPolicyName',
      'PolicyDocument',
    ]);
  });

  it('is absent from the one deployment that may replace the CA', () => {
    expect(guardOf({ replaceCA: true })).toBeUndefined();
    expect(authorityOf({ replaceCA: true })?.dependsOn).toEqual(['CrlBucketPolicy']);
  });

  it('fits the 1000 characters of a description with the longest subject', () => {
    const longest = 'x'.repeat(64);
    const guard = guardOf({ caCommonName: longest, orgName: longest });
    expect(String(guard?.properties['Description']).length).toBeLessThanOrEqual(1000);
  });
});
