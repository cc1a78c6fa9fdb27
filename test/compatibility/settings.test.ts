/**
 * The settings of the contract: their names, their defaults, and that a change of each arrives where it must. One
 * assembly holds the defaults, one other changes all of them; the second is deployed beside the first.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Fleet } from '../../cli/demo/fleet.ts';
import type { LocalNode } from '../../local-aws/index.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { Administrator, isReady } from '../e2e/administrator.ts';
import { ready, startFleet } from '../e2e/fleet.ts';
import { assemble, contextWith } from './assemblies.ts';
import { ofType, runtimeOf, templateIn } from './template.ts';
import type { Template } from './template.ts';

const CHANGED = {
  SNSSubscriberEmail: 'pki@example.org',
  CertPath: '/srv/tls/certs',
  KeyPath: '/srv/tls/private',
  CSRPath: '/srv/tls/requests',
  CACertPath: '/srv/tls/ca',
  AWSSigningHelperPath: '/opt/helper',
  CACommonName: 'hosts.example.org',
  OrgName: 'Example Org',
  CACountry: 'DE',
  CACertValidity: '5',
  KeyAlgorithm: 'EC_prime256v1',
  SigningAlgorithm: 'SHA384WITHECDSA',
  namePrefix: 'blue-',
};

const directory = mkdtempSync(join(tmpdir(), 'certvend-assembly-'));
let standard: Template;
let changed: Template;
let fleet: Fleet;
let blue: Administrator;
let node: LocalNode;

beforeAll(async () => {
  assemble(directory, CHANGED);
  [standard, changed] = [templateIn(inject('assembly')), templateIn(directory)];
  fleet = await startFleet(2);
  const [first, second] = fleet.nodes;
  if (first === undefined || second === undefined) throw new Error('there are no nodes');
  const { outputs } = await fleet.aws.deploy(directory);
  blue = new Administrator(fleet.aws, outputs, 'blue-');
  node = second;
  mkdirSync(join(node.root, 'opt/helper'), { recursive: true });
  renameSync(join(node.root, 'root/aws_signing_helper'), join(node.root, 'opt/helper/aws_signing_helper'));
  await Promise.all([fleet.enrol(first.id), blue.put({ hostID: node.id, keyAlgorithm: 'EC_prime256v1' })]);
  await fleet.until('a host of the first stack', [first.id], ready);
  await blue.until('a host of the second stack', node.id, isReady);
});
afterAll(async () => {
  await fleet.aws.close();
  rmSync(directory, { recursive: true, force: true });
});

const hostDefaults = (template: Template): unknown => runtimeOf(template)['hostDefaults'];
const authority = (template: Template): unknown => ofType(template, 'AWS::ACMPCA::CertificateAuthority')[0];
const authorityCertificate = (template: Template): unknown => ofType(template, 'AWS::ACMPCA::Certificate')[0];
const subscription = (template: Template): unknown => ofType(template, 'AWS::SNS::Subscription')[0];

describe('each setting has the name, the default and the effect of the contract', () => {
  it.each([
    ['SNSSubscriberEmail', subscription, { Endpoint: 'ops@example.com' }, { Endpoint: 'pki@example.org' }],
    ['CertPath', hostDefaults, { certPath: '/etc/certvend' }, { certPath: '/srv/tls/certs' }],
    ['KeyPath', hostDefaults, { keyPath: '/etc/certvend' }, { keyPath: '/srv/tls/private' }],
    ['CSRPath', hostDefaults, { csrPath: '/etc/certvend' }, { csrPath: '/srv/tls/requests' }],
    ['CACertPath', hostDefaults, { caCertPath: '/etc/certvend' }, { caCertPath: '/srv/tls/ca' }],
    [
      'AWSSigningHelperPath',
      hostDefaults,
      { signingHelperPath: '/root' },
      { signingHelperPath: '/opt/helper' },
    ],
    [
      'CACommonName',
      authority,
      subject('CommonName', 'ca.example.com'),
      subject('CommonName', 'hosts.example.org'),
    ],
    ['OrgName', authority, subject('Organization', 'Example Corp'), subject('Organization', 'Example Org')],
    ['CACountry', authority, subject('Country', 'US'), subject('Country', 'DE')],
    ['CACertValidity', authorityCertificate, years(10), years(5)],
    ['KeyAlgorithm', authority, { KeyAlgorithm: 'RSA_2048' }, { KeyAlgorithm: 'EC_prime256v1' }],
    [
      'SigningAlgorithm',
      authority,
      { SigningAlgorithm: 'SHA256WITHRSA' },
      { SigningAlgorithm: 'SHA384WITHECDSA' },
    ],
  ])('%s', (key, where, byDefault, afterChange) => {
    expect(Object.keys(contextWith())).toContain(key);
    expect(where(standard)).toMatchObject(byDefault);
    expect(where(changed)).toMatchObject(afterChange);
  });

  it('SigningAlgorithm is also what host certificates are signed with', () => {
    expect(runtimeOf(changed)['signingAlgorithm']).toBe('SHA384WITHECDSA');
    expect(ofType(changed, 'AWS::ACMPCA::Certificate')[0]).toMatchObject({
      SigningAlgorithm: 'SHA384WITHECDSA',
    });
  });
});

describe('a host of the changed stack', () => {
  const file = (path: string): string => join(node.root, path);

  it('has its files where the settings say', () => {
    const { id } = node;
    const paths = [
      `srv/tls/certs/${id}.crt`,
      `srv/tls/private/${id}.key`,
      `srv/tls/requests/${id}.csr`,
      'srv/tls/ca/ca_chain_certificate.crt',
    ];
    expect(paths.filter((path) => !existsSync(file(path)))).toEqual([]);
    expect(existsSync(file('etc/certvend'))).toBe(false);
  });

  it('has a certificate of the CA that the settings describe', () => {
    const chain = new X509Certificate(readFileSync(file('srv/tls/ca/ca_chain_certificate.crt')));
    const certificate = new X509Certificate(readFileSync(file(`srv/tls/certs/${node.id}.crt`)));
    expect(certificate.verify(chain.publicKey)).toBe(true);
    expect(chain.subject.split('\n').sort()).toEqual(['C=DE', 'CN=hosts.example.org', 'O=Example Org']);
    expect(chain.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    const lifeYears = (Date.parse(chain.validTo) - Date.parse(chain.validFrom)) / (365.25 * 86_400_000);
    expect(lifeYears).toBeCloseTo(5, 1);
  });
});

describe('settings that are wrong', () => {
  const problems = (changes: Record<string, unknown>): string => {
    try {
      readSettings(contextWith(changes));
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  it('SNSSubscriberEmail is the only one without a default', () => {
    expect(problems({})).toBe('');
    expect(problems({ SNSSubscriberEmail: undefined })).toMatch(/SNSSubscriberEmail: missing/);
  });

  it.each(['RSA_2048', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1'])(
    '%s signs with its own family',
    (KeyAlgorithm) => {
      const [own, foreign] = KeyAlgorithm.startsWith('RSA') ? ['RSA', 'ECDSA'] : ['ECDSA', 'RSA'];
      for (const size of ['256', '384', '512']) {
        expect(problems({ KeyAlgorithm, SigningAlgorithm: `SHA${size}WITH${own}` })).toBe('');
        expect(problems({ KeyAlgorithm, SigningAlgorithm: `SHA${size}WITH${foreign}` })).toMatch(
          /SigningAlgorithm: got/,
        );
      }
    },
  );

  it('an unknown key is an error that names the nearest one, unless it is one of the CDK', () => {
    expect(problems({ AWSSigningHelperpath: '/root' })).toMatch(/did you mean AWSSigningHelperPath\?/);
    expect(problems({ 'aws:cdk:x': 1, '@aws-cdk/x': 1, 'a/b': 1 })).toBe('');
  });

  it('settings that contradict each other are all named at once', () => {
    const text = problems({
      KeyAlgorithm: 'EC_secp384r1',
      certificateValidityDays: 1,
      minRemaining: '2d',
      CertPath: 'relative',
    });
    expect(text).toMatch(/^3 settings are wrong:/);
    expect(text).toMatch(/CertPath: got "relative"[\s\S]*SigningAlgorithm: got[\s\S]*minRemaining: got "2d"/);
  });

  it('the /tmp of the post is a setting like others; the host decides whether it is safe', () => {
    expect(problems({ CertPath: '/tmp', KeyPath: '/tmp', CSRPath: '/tmp', CACertPath: '/tmp' })).toBe('');
  });
});

function subject(part: string, value: string): object {
  return { Subject: { [part]: value } };
}

function years(Value: number): object {
  return { Validity: { Type: 'YEARS', Value } };
}
