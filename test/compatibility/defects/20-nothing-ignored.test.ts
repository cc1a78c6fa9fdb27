/** The sample accepted parameters and ignored them. */
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { renderCommandDocument } from '../../../lib/command-document.ts';
import { administratorHash } from '../../../src/core/hashes.ts';
import { ADMINISTRATOR_ATTRIBUTES, checkRow } from '../../../src/core/host-request.ts';
import { SETTINGS } from '../../../src/settings/settings.ts';
import type { SettingsInput } from '../../../src/settings/settings.ts';
import { settingsWarnings, resolveSettings } from '../../../src/settings/settings.ts';
import { csrParameters, deploymentParameters } from '../../../src/workflows/command-parameters.ts';
import { attempt, CA, DEFAULTS, HOST, host } from '../../builders/facts.ts';
import { parametersIn, scriptOf } from '../../scripts/documents.ts';
import { EMAIL, stackOf } from '../../lib/stacks.ts';

/** Another value for each setting, with what must change along with it. */
const OTHER: Readonly<Record<keyof SettingsInput, Partial<SettingsInput>>> = {
  snsSubscriberEmail: { snsSubscriberEmail: 'pki@example.org' },
  certPath: { certPath: '/srv/x' },
  keyPath: { keyPath: '/srv/x' },
  csrPath: { csrPath: '/srv/x' },
  caCertPath: { caCertPath: '/srv/x' },
  signingHelperPath: { signingHelperPath: '/srv/x' },
  caCommonName: { caCommonName: 'x' },
  orgName: { orgName: 'x' },
  caCountry: { caCountry: 'DE' },
  caCertValidity: { caCertValidity: 5 },
  keyAlgorithm: { keyAlgorithm: 'RSA_4096' },
  signingAlgorithm: { signingAlgorithm: 'SHA512WITHRSA' },
  namePrefix: { namePrefix: 'x-' },
  hostKeyAlgorithm: { hostKeyAlgorithm: 'RSA_4096' },
  certificateValidityDays: { certificateValidityDays: 6, mustSurvive: '1h' },
  renewAtFraction: { renewAtFraction: 0.5 },
  minRemaining: { minRemaining: '100h' },
  mustSurvive: { mustSurvive: '24h' },
  checkInterval: { checkInterval: '30m' },
  startsPerSecond: { startsPerSecond: 2 },
  deploymentConcurrency: { deploymentConcurrency: 5 },
  validation: { validation: 'off' },
  withProxy: { withProxy: true },
  rolesAnywhereEndpoint: { rolesAnywhereEndpoint: 'https://vpce.example.com' },
  maxIssuancesPerHostPerDay: { maxIssuancesPerHostPerDay: 3 },
  maxIssuancesPerFleetPerDay: { maxIssuancesPerFleetPerDay: 5_000 },
  expectedHosts: { expectedHosts: 5_000 },
  sharedCA: { sharedCA: true },
  replaceCA: { replaceCA: true },
  removalPolicy: { removalPolicy: 'destroy' },
  allowOpenTrustPolicy: { allowOpenTrustPolicy: true },
};
/** What changes no template: warnings of synth, and what synth refuses (test/lib/roles-anywhere.test.ts). */
const AT_SYNTH = ['expectedHosts', 'allowOpenTrustPolicy'];

describe('defect 20: parameters that are accepted and ignored', () => {
  const text = (settings: Partial<SettingsInput>): string =>
    JSON.stringify(Template.fromStack(stackOf(settings)).toJSON());

  it('every setting changes the template', () => {
    const standard = text({});
    const ignored = SETTINGS.map(({ prop }) => prop)
      .filter((prop) => !AT_SYNTH.includes(prop))
      .filter((prop) => {
        const { [prop]: _, ...company } = OTHER[prop];
        return text(OTHER[prop]) === (Object.keys(company).length === 0 ? standard : text(company));
      });
    expect(ignored).toEqual([]);
    const warn = (input: Partial<SettingsInput>) =>
      settingsWarnings(resolveSettings({ snsSubscriberEmail: EMAIL, ...input })).length;
    expect(warn(OTHER.expectedHosts)).toBeGreaterThan(warn({}));
  });

  it.each(['GenerateCsr', 'DeployCertificate'] as const)(
    'every parameter of %s is used by its script',
    (kind) => {
      const document = renderCommandDocument(kind);
      const script = scriptOf(document);
      const ignored = [...parametersIn(document).keys()].filter(
        (name) =>
          script.split('\n').filter((line) => new RegExp(`\\$\\{?${name}\\b`).test(line)).length === 0,
      );
      expect(ignored).toEqual([]);
    },
  );

  it('every attribute of the administrator changes what the host is told', () => {
    const values: Readonly<Record<string, string>> = {
      keyAlgorithm: 'RSA_4096',
      owner: 'app',
      group: 'app',
      keyMode: '0440',
      reloadUnit: 'app.service',
      awsProfile: 'app',
      validation: 'off',
    };
    const told = (row: Readonly<Record<string, string>>): string => {
      const facts = { ...host(checkRow(HOST, row, DEFAULTS, CA)), attempt: attempt() };
      const target = { trustAnchorArn: '', profileArn: '', roleArn: '', region: '' };
      const pem = { certificate: '', chain: '' };
      return JSON.stringify([csrParameters(facts, 0), deploymentParameters(facts, pem, target, 0)]);
    };
    const ignored = ADMINISTRATOR_ATTRIBUTES.filter((name) => {
      const row = { [name]: values[name] ?? '/srv/x' };
      const same = administratorHash(host(checkRow(HOST, row, DEFAULTS, CA))) === administratorHash(host());
      return same || told(row) === told({});
    });
    expect(ignored).toEqual([]);
  });
});
