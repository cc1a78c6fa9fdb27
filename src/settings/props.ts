import type { KeyAlgorithm, Validation } from '../core/facts.ts';

export type SigningAlgorithm =
  | 'SHA256WITHRSA'
  | 'SHA384WITHRSA'
  | 'SHA512WITHRSA'
  | 'SHA256WITHECDSA'
  | 'SHA384WITHECDSA'
  | 'SHA512WITHECDSA';

/**
 * Every setting, resolved. The context key of a property is in SETTINGS (schema.ts), as is its range; a test keeps the
 * texts and defaults here equal to those. Durations are texts such as `15m`, `48h`, `2d`.
 */
export interface Settings {
  /** Where failures are reported: this address is subscribed to the topic. */
  readonly snsSubscriberEmail: string;
  /** Directory on the host for the certificate, `{host}.crt`. @default '/etc/certvend' */
  readonly certPath: string;
  /** Directory on the host for the private key, `{host}.key`. @default '/etc/certvend' */
  readonly keyPath: string;
  /** Directory on the host for the signing request, `{host}.csr`. @default '/etc/certvend' */
  readonly csrPath: string;
  /** Directory on the host for the CA chain, `ca_chain_certificate.crt`. @default '/etc/certvend' */
  readonly caCertPath: string;
  /** Directory on the host that holds `aws_signing_helper`. @default '/root' */
  readonly signingHelperPath: string;
  /** Common name of the CA. @default 'ca.example.com' */
  readonly caCommonName: string;
  /** Organization of the CA. @default 'Example Corp' */
  readonly orgName: string;
  /** Country of the CA, two letters. @default 'US' */
  readonly caCountry: string;
  /** Years the CA certificate lives. After a change also run UpdateTrustAnchor. @default 10 */
  readonly caCertValidity: number;
  /** Key of the CA. @default 'RSA_2048' */
  readonly keyAlgorithm: KeyAlgorithm;
  /** How the CA signs; must fit its key. @default 'SHA256WITHRSA' */
  readonly signingAlgorithm: SigningAlgorithm;
  /** Stands before every fixed name, so that several stacks live in one account. @default '' */
  readonly namePrefix: string;
  /** Key of a host whose row does not say otherwise. @default 'RSA_2048' */
  readonly hostKeyAlgorithm: KeyAlgorithm;
  /** Days a host certificate lives. @default 7 */
  readonly certificateValidityDays: number;
  /** Part of its life after which a certificate is renewed. @default 2/3 */
  readonly renewAtFraction: number;
  /** Renew when this much life is left, instead of renewAtFraction; empty: not used. @default '' */
  readonly minRemaining: string;
  /** How long the CA or a host may be away without an expired certificate. @default '48h' */
  readonly mustSurvive: string;
  /** How often all due hosts are looked for. @default '15m' */
  readonly checkInterval: string;
  /** Hosts started per second; CreateSession allows 10 per second and account. @default 4 */
  readonly startsPerSecond: number;
  /** How many deployment messages are worked on at the same time. @default 2 */
  readonly deploymentConcurrency: number;
  /** Whether a new pair must earn a session before it replaces the old one. @default 'required' */
  readonly validation: Validation;
  /** Whether the signing helper uses the proxy of its environment. @default false */
  readonly withProxy: boolean;
  /** Endpoint of Roles Anywhere for the hosts, e.g. of a VPC endpoint; empty: the public one. @default '' */
  readonly rolesAnywhereEndpoint: string;
  /** Certificates one host may get in a day. @default 6 */
  readonly maxIssuancesPerHostPerDay: number;
  /** Certificates all hosts together may get in a day. @default 10000 */
  readonly maxIssuancesPerFleetPerDay: number;
  /** How many hosts you expect; only synth's warnings use it. @default 100 */
  readonly expectedHosts: number;
  /** Whether others issue from this CA too; then their certificates raise no alarm. @default false */
  readonly sharedCA: boolean;
  /** Allow the next deployment to replace the CA; for one deployment only. @default false */
  readonly replaceCA: boolean;
  /** What becomes of CA, tables and bucket when the stack is deleted; destroy is for trials. @default 'retain' */
  readonly removalPolicy: 'retain' | 'destroy';
  /** Let roles trust Roles Anywhere without naming a trust anchor. @default false */
  readonly allowOpenTrustPolicy: boolean;
}

/** Settings as an administrator or a program gives them: all but the address may be left out. */
export type SettingsInput = Pick<Settings, 'snsSubscriberEmail'> & Partial<Settings>;
