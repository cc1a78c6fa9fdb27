/** The one schema of the settings. README's table, cdk.json's context and every error text come from it. */
import { z } from 'zod';
import { KEY_ALGORITHMS, VALIDATIONS } from '../core/facts.ts';
import { longestPrefix } from './names.ts';
import type { Settings } from './props.ts';
import * as value from './values.ts';

interface SettingFacts {
  /** The context key: the contract's names, and camelCase for ours. */
  readonly key: string;
  /** As cdk.json holds it; undefined: required. */
  readonly default: string | number | boolean | undefined;
  readonly description: string;
  /** For errors, after "allowed: ". */
  readonly allowed: string;
}

const facts = z.registry<SettingFacts>();

const oneOf = (values: readonly string[]): string => `one of ${values.join(', ')}`;
/** Keeps what is said about a setting next to the check of its value. */
function setting<T extends z.ZodType>(
  key: string,
  type: T,
  allowed: string,
  preset: SettingFacts['default'],
  description: string,
): T {
  facts.add(type, { key, default: preset, description, allowed });
  return type;
}

const prefixRoom = longestPrefix();
const SUBJECT_ALLOWED =
  "1 to 64 letters, digits, spaces and . , ' ( ) + / : = ? _ -, beginning with a letter or digit";

export const schema = z.strictObject({
  snsSubscriberEmail: setting(
    'SNSSubscriberEmail',
    z.email(),
    'an e-mail address',
    undefined,
    'Where failures are reported: this address is subscribed to the topic.',
  ),
  certPath: setting(
    'CertPath',
    value.path(),
    value.PATH_ALLOWED,
    '/etc/certvend',
    'Directory on the host for the certificate, `{host}.crt`.',
  ),
  keyPath: setting(
    'KeyPath',
    value.path(),
    value.PATH_ALLOWED,
    '/etc/certvend',
    'Directory on the host for the private key, `{host}.key`.',
  ),
  csrPath: setting(
    'CSRPath',
    value.path(),
    value.PATH_ALLOWED,
    '/etc/certvend',
    'Directory on the host for the signing request, `{host}.csr`.',
  ),
  caCertPath: setting(
    'CACertPath',
    value.path(),
    value.PATH_ALLOWED,
    '/etc/certvend',
    'Directory on the host for the CA chain, `ca_chain_certificate.crt`.',
  ),
  signingHelperPath: setting(
    'AWSSigningHelperPath',
    value.path(),
    value.PATH_ALLOWED,
    '/root',
    'Directory on the host that holds `aws_signing_helper`.',
  ),
  caCommonName: setting(
    'CACommonName',
    value.subjectPart(),
    SUBJECT_ALLOWED,
    'ca.example.com',
    'Common name of the CA.',
  ),
  orgName: setting(
    'OrgName',
    value.subjectPart(),
    SUBJECT_ALLOWED,
    'Example Corp',
    'Organization of the CA.',
  ),
  caCountry: setting(
    'CACountry',
    z.string().regex(/^[A-Z]{2}$/),
    'two capital letters (ISO 3166)',
    'US',
    'Country of the CA, two letters.',
  ),
  caCertValidity: setting(
    'CACertValidity',
    value.integer(1, 30),
    'whole years from 1 to 30',
    10,
    'Years the CA certificate lives. After a change also run UpdateTrustAnchor.',
  ),
  keyAlgorithm: setting(
    'KeyAlgorithm',
    z.enum(KEY_ALGORITHMS),
    oneOf(KEY_ALGORITHMS),
    'RSA_2048',
    'Key of the CA.',
  ),
  signingAlgorithm: setting(
    'SigningAlgorithm',
    z.enum(value.SIGNING_ALGORITHMS),
    oneOf(value.SIGNING_ALGORITHMS),
    'SHA256WITHRSA',
    'How the CA signs; must fit its key.',
  ),
  namePrefix: setting(
    'namePrefix',
    z
      .string()
      .max(prefixRoom.length)
      .regex(/^(|(?!aws|amzn|amazon)[a-z][A-Za-z0-9-]*)$/i),
    `empty, or up to ${String(prefixRoom.length)} letters, digits and -, beginning with a letter but not with aws, amzn or amazon (${prefixRoom.because})`,
    '',
    'Stands before every fixed name, so that several stacks live in one account.',
  ),
  hostKeyAlgorithm: setting(
    'hostKeyAlgorithm',
    z.enum(KEY_ALGORITHMS),
    oneOf(KEY_ALGORITHMS),
    'RSA_2048',
    'Key of a host whose row does not say otherwise.',
  ),
  certificateValidityDays: setting(
    'certificateValidityDays',
    value.integer(1, 7),
    'whole days from 1 to 7 (a CA in SHORT_LIVED_CERTIFICATE mode issues no longer ones)',
    7,
    'Days a host certificate lives.',
  ),
  renewAtFraction: setting(
    'renewAtFraction',
    value.fraction(),
    'a fraction from 0.1 to 0.95, as 0.5 or 2/3',
    '2/3',
    'Part of its life after which a certificate is renewed.',
  ),
  minRemaining: setting(
    'minRemaining',
    z.union([z.literal(''), value.duration(3_600, 604_800)]),
    `empty, or ${value.DURATION_ALLOWED}, from 1h to 7d`,
    '',
    'Renew when this much life is left, instead of renewAtFraction; empty: not used.',
  ),
  mustSurvive: setting(
    'mustSurvive',
    value.duration(60, 604_800),
    `${value.DURATION_ALLOWED}, from 1m to 7d`,
    '48h',
    'How long the CA or a host may be away without an expired certificate.',
  ),
  checkInterval: setting(
    'checkInterval',
    value.duration(60, 43_200),
    'a whole number with m or h, from 1m to 12h, e.g. 15m',
    '15m',
    'How often all due hosts are looked for.',
  ),
  startsPerSecond: setting(
    'startsPerSecond',
    value.integer(1, 10),
    'a whole number from 1 to 10',
    4,
    'Hosts started per second; CreateSession allows 10 per second and account.',
  ),
  deploymentConcurrency: setting(
    'deploymentConcurrency',
    value.integer(2, 1_000),
    'a whole number from 2 to 1000 (Lambda takes none lower for a queue)',
    2,
    'How many deployment messages are worked on at the same time.',
  ),
  validation: setting(
    'validation',
    z.enum(VALIDATIONS),
    oneOf(VALIDATIONS),
    'required',
    'Whether a new pair must earn a session before it replaces the old one.',
  ),
  withProxy: setting(
    'withProxy',
    value.boolean(),
    'true or false',
    false,
    'Whether the signing helper uses the proxy of its environment.',
  ),
  rolesAnywhereEndpoint: setting(
    'rolesAnywhereEndpoint',
    value.endpoint(),
    'empty, or https:// and a host name with an optional port (http:// only for 127.0.0.1 and localhost)',
    '',
    'Endpoint of Roles Anywhere for the hosts, e.g. of a VPC endpoint; empty: the public one.',
  ),
  maxIssuancesPerHostPerDay: setting(
    'maxIssuancesPerHostPerDay',
    value.integer(1, 1_000),
    'a whole number from 1 to 1000',
    6,
    'Certificates one host may get in a day.',
  ),
  maxIssuancesPerFleetPerDay: setting(
    'maxIssuancesPerFleetPerDay',
    value.integer(1, 1_000_000),
    'a whole number from 1 to 1000000',
    10_000,
    'Certificates all hosts together may get in a day.',
  ),
  expectedHosts: setting(
    'expectedHosts',
    value.integer(1, 1_000_000),
    'a whole number from 1 to 1000000',
    100,
    "How many hosts you expect; only synth's warnings use it.",
  ),
  sharedCA: setting(
    'sharedCA',
    value.boolean(),
    'true or false',
    false,
    'Whether others issue from this CA too; then their certificates raise no alarm.',
  ),
  replaceCA: setting(
    'replaceCA',
    value.boolean(),
    'true or false',
    false,
    'Allow the next deployment to replace the CA; for one deployment only.',
  ),
  removalPolicy: setting(
    'removalPolicy',
    z.enum(['retain', 'destroy']),
    'one of retain, destroy',
    'retain',
    'What becomes of CA, tables and bucket when the stack is deleted; destroy is for trials.',
  ),
  allowOpenTrustPolicy: setting(
    'allowOpenTrustPolicy',
    value.boolean(),
    'true or false',
    false,
    'Let roles trust Roles Anywhere without naming a trust anchor.',
  ),
}) satisfies z.ZodType<Settings>;

export interface SettingDefinition extends SettingFacts {
  /** The property of `Settings` and of the construct. */
  readonly prop: keyof Settings;
}

/** Every setting in the order of the documentation. */
export const SETTINGS: readonly SettingDefinition[] = Object.entries(schema.shape).map(([prop, type]) => {
  const known = facts.get(type);
  if (known === undefined) throw new Error(`setting ${prop} has no description; declare it with setting()`);
  return { ...known, prop: prop as keyof Settings }; // `satisfies` above: the shape has the members of Settings
});
