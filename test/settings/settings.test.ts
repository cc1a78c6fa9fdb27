import { describe, expect, it } from 'vitest';
import {
  readSettings,
  resolveSettings,
  SettingsError,
  settingsWarnings,
} from '../../src/settings/settings.ts';

const REQUIRED = { SNSSubscriberEmail: 'ops@example.com' };

function problems(context: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    readSettings(context);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

const warnings = (context: Readonly<Record<string, unknown>>): string[] =>
  settingsWarnings(readSettings({ ...REQUIRED, ...context })).map(({ message }) => message);

describe('readSettings', () => {
  it('needs nothing but the address', () => {
    expect(readSettings(REQUIRED)).toMatchObject({
      snsSubscriberEmail: 'ops@example.com',
      certPath: '/etc/certvend',
      keyAlgorithm: 'RSA_2048',
      certificateValidityDays: 7,
      validation: 'required',
      removalPolicy: 'retain',
    });
  });

  it('reads the texts that -c passes', () => {
    const context = {
      ...REQUIRED,
      CACertValidity: '5',
      withProxy: 'true',
      renewAtFraction: '1/2',
      mustSurvive: '3d',
    };
    expect(readSettings(context)).toMatchObject({
      caCertValidity: 5,
      withProxy: true,
      renewAtFraction: 0.5,
      mustSurvive: '3d',
    });
  });

  it("leaves the CDK's own keys alone", () => {
    const ofTheCdk = {
      '@aws-cdk/core:checkSecretUsage': true,
      'aws:cdk:bundling-stacks': ['**'],
      'availability-zones:account=1:region=x': [],
      'acknowledged-issue-numbers': [1],
    };
    expect(problems({ ...REQUIRED, ...ofTheCdk })).toEqual([]);
  });

  it('says everything that is wrong at once', () => {
    const context = {
      SNSSubscriberEmal: 'x',
      CertPath: 'tmp',
      KeyAlgorithm: 'EC_prime256v1',
      mustSurvive: '60h',
    };
    const found = problems(context);
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      'SNSSubscriberEmal',
      'SNSSubscriberEmail',
      'CertPath',
      'SigningAlgorithm',
      'mustSurvive',
    ]);
    expect(() => readSettings(context)).toThrow(/^5 settings are wrong:\n {2}- /);
  });

  it('names the nearest known key of an unknown one', () => {
    expect(problems({ ...REQUIRED, keyAlgoritm: 'x' })).toEqual([
      'keyAlgoritm: no such setting; allowed: the settings of cdk.json; did you mean KeyAlgorithm? Rename or remove it',
    ]);
  });

  it('says how to give the address', () => {
    expect(problems({})).toEqual([
      'SNSSubscriberEmail: missing; allowed: an e-mail address; pass -c SNSSubscriberEmail=<value> or set it in cdk.json',
    ]);
  });

  it.each([
    ['SNSSubscriberEmail', 'ops', /allowed: an e-mail address/],
    ['CertPath', '/etc/../root', /allowed: an absolute directory .* no \. or \.\. part/],
    ['KeyPath', 'etc', /an absolute directory/],
    ['CSRPath', '/tmp/$(id)', /letters, digits and \. _ -/],
    ['CACertPath', '/etc//x', /an absolute directory/],
    ['CACertPath', '/', /an absolute directory/],
    ['AWSSigningHelperPath', `/${'x'.repeat(200)}`, /at most 200 characters/],
    ['CACommonName', '', /1 to 64/],
    ['CACommonName', "x'; rm -rf", /1 to 64 letters/],
    ['OrgName', 'x'.repeat(65), /1 to 64/],
    ['CACountry', 'usa', /two capital letters/],
    ['CACertValidity', '0', /whole years from 1 to 30/],
    ['CACertValidity', '1.5', /whole years/],
    ['KeyAlgorithm', 'RSA_1024', /one of RSA_2048, RSA_4096, EC_prime256v1, EC_secp384r1/],
    ['SigningAlgorithm', 'SHA1WITHRSA', /one of SHA256WITHRSA/],
    ['hostKeyAlgorithm', 'ed25519', /one of RSA_2048/],
    ['certificateValidityDays', 8, /1 to 7 \(a CA in SHORT_LIVED_CERTIFICATE mode/],
    ['renewAtFraction', '1', /a fraction from 0.1 to 0.95/],
    ['renewAtFraction', '2/0', /a fraction/],
    ['minRemaining', '60', /a whole number with m, h or d/],
    ['mustSurvive', 'long', /a whole number with m, h or d/],
    ['checkInterval', '1d', /from 1m to 12h/],
    ['startsPerSecond', 11, /from 1 to 10/],
    ['deploymentConcurrency', 1, /from 2 to 1000 \(Lambda takes none lower/],
    ['validation', 'maybe', /one of required, ifHelperPresent, off/],
    ['withProxy', 'yes', /true or false/],
    ['rolesAnywhereEndpoint', 'http://example.com', /https:\/\/ and a host name/],
    ['maxIssuancesPerHostPerDay', 0, /from 1 to 1000/],
    ['maxIssuancesPerFleetPerDay', 'many', /from 1 to 1000000/],
    ['expectedHosts', -1, /from 1 to 1000000/],
    ['sharedCA', 'perhaps', /true or false/],
    ['replaceCA', '2', /true or false/],
    ['removalPolicy', 'delete', /one of retain, destroy/],
    ['allowOpenTrustPolicy', 1, /true or false/],
    ['namePrefix', 'x'.repeat(47), /up to 46 letters, .*schedule certvend-reconcile may have 64 characters/],
    ['namePrefix', 'aws-', /not with aws, amzn or amazon/],
    ['namePrefix', '1-', /beginning with a letter/],
  ])('refuses %s = %j and says what is allowed', (key, value, allowed) => {
    const [problem = '', ...others] = problems({ ...REQUIRED, [key]: value });
    expect(others).toEqual([]);
    expect(problem).toContain(`${key}: got ${JSON.stringify(value)}; allowed: `);
    expect(problem).toMatch(allowed);
    expect(problem).toContain('change it in cdk.json or with -c');
  });

  it.each(['', 'dev-', 'Team42-'])('takes the prefix %j', (namePrefix) => {
    expect(readSettings({ ...REQUIRED, namePrefix }).namePrefix).toBe(namePrefix);
  });

  it.each(['https://vpce-1.rolesanywhere.eu-west-1.vpce.amazonaws.com', 'http://127.0.0.1:4566', ''])(
    'takes the endpoint %j',
    (rolesAnywhereEndpoint) => {
      expect(readSettings({ ...REQUIRED, rolesAnywhereEndpoint })).toMatchObject({ rolesAnywhereEndpoint });
    },
  );
});

describe('relations between settings', () => {
  it('the CA signs with the family of its key', () => {
    expect(problems({ ...REQUIRED, KeyAlgorithm: 'EC_secp384r1' })).toEqual([
      'SigningAlgorithm: got "SHA256WITHRSA", but KeyAlgorithm is "EC_secp384r1"; allowed: SHA256WITHECDSA, ' +
        'SHA384WITHECDSA or SHA512WITHECDSA; change one of the two',
    ]);
    expect(
      problems({ ...REQUIRED, KeyAlgorithm: 'EC_secp384r1', SigningAlgorithm: 'SHA384WITHECDSA' }),
    ).toEqual([]);
  });

  it('an outage of mustSurvive fits between renewal and expiry', () => {
    expect(problems({ ...REQUIRED, certificateValidityDays: '2' })).toEqual([
      'mustSurvive: got "48h", but only 15.8h are left when a renewal starts (life 48h, renewed with 16h left, looked for ' +
        'every 15m); allowed: at most 15h; lower mustSurvive, renew earlier (renewAtFraction, minRemaining) or raise ' +
        'certificateValidityDays',
    ]);
  });

  it.each([
    ['55h', 0],
    ['56h', 1],
  ])('the tick counts: mustSurvive %s has %i problems', (mustSurvive, count) => {
    expect(problems({ ...REQUIRED, mustSurvive })).toHaveLength(count);
  });

  it('minRemaining takes the place of the fraction and is shorter than a life', () => {
    expect(problems({ ...REQUIRED, minRemaining: '100h', mustSurvive: '99h' })).toEqual([]);
    expect(problems({ ...REQUIRED, minRemaining: '7d' })).toEqual([
      'minRemaining: got "7d", but a certificate lives only 168h (certificateValidityDays 7); allowed: less than that; ' +
        'lower minRemaining or raise certificateValidityDays',
    ]);
  });
});

describe('settingsWarnings', () => {
  it('has none for the defaults', () => {
    expect(warnings({})).toEqual([]);
  });

  it('counts certificates towards the limit of a CA', () => {
    expect(warnings({ expectedHosts: 900 })[0]).toBe(
      'expectedHosts 900 with 81 rotations a year are 73135 certificates a year: the CA reaches its limit of 1000000 after ' +
        '13.7 years, and lives 10 (CACertValidity); rotate less often, split the fleet over several stacks (namePrefix) or ' +
        'plan a new CA by then',
    );
    expect(warnings({ expectedHosts: 800 })).toEqual([]);
  });

  it('mentions the tier that a large fleet needs', () => {
    expect(warnings({ expectedHosts: 950, CACertValidity: 1 })).toEqual([]);
    expect(warnings({ expectedHosts: 951, CACertValidity: 1 })).toEqual([
      expect.stringMatching(/advanced-instances tier/),
    ]);
  });

  it('sees a fleet that cannot be enrolled in a day', () => {
    expect(warnings({ maxIssuancesPerFleetPerDay: 99 })).toEqual([
      expect.stringMatching(/^maxIssuancesPerFleetPerDay 99 is below expectedHosts 100: /),
    ]);
  });
});

describe('resolveSettings', () => {
  it('checks what a program gives like what cdk.json gives', () => {
    expect(resolveSettings({ snsSubscriberEmail: 'ops@example.com', namePrefix: 'dev-' }).namePrefix).toBe(
      'dev-',
    );
    expect(() => resolveSettings({ snsSubscriberEmail: 'ops' })).toThrow(/SNSSubscriberEmail: got "ops"/);
  });
});
