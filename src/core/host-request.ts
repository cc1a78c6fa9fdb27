/**
 * The administrator's part of a row: optional texts that stand in for the defaults of the stack. Missing or empty means
 * the default, now and after the default changes. Everything here ends up in parameters of a root command on the host,
 * so the charsets are those of the command documents, and narrower than a file system's.
 */
import type { CertificateRequest, Deployment, HostDefaults, KeyAlgorithm, Validation } from './facts.ts';
import { KEY_ALGORITHMS, VALIDATIONS } from './facts.ts';

/** Attributes of the administrator. certvend never writes them. */
export const ADMINISTRATOR_ATTRIBUTES = [
  'certPath',
  'keyPath',
  'csrPath',
  'cacertPath',
  'signinghelperPath',
  'keyAlgorithm',
  'owner',
  'group',
  'keyMode',
  'reloadUnit',
  'awsConfigFile',
  'awsProfile',
  'validation',
] as const;
export type AdministratorAttribute = (typeof ADMINISTRATOR_ATTRIBUTES)[number];

export const HOST_ID = /^mi-[0-9a-f]{17}$/;
const DIRECTORY = /^\/[A-Za-z0-9._/-]{1,254}$/;
const ACCOUNT_NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
const UNIT = /^[A-Za-z0-9][A-Za-z0-9:_.@-]{0,120}\.(service|socket|target|timer|path)$/;
const PROFILE = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

export interface CheckedRow {
  readonly request: CertificateRequest;
  readonly deployment: Deployment;
  readonly problems: readonly string[];
}

/** Checks a row's texts; every problem says what was got, what is allowed and what to do. Non-texts count as problems. */
export function checkRow(
  hostId: string,
  attributes: Readonly<Partial<Record<AdministratorAttribute, unknown>>>,
  defaults: HostDefaults,
  issuer: string,
): CheckedRow {
  const problems: string[] = [];
  if (!HOST_ID.test(hostId)) problems.push(hostIdProblem(hostId));
  const read = (
    name: AdministratorAttribute,
    fallback: string,
    allowed: string,
    fits: (text: string) => boolean,
  ): string => {
    const value = attributes[name];
    if (value === undefined || value === '') return fallback;
    if (typeof value === 'string' && fits(value)) return value;
    problems.push(`${name} is ${quote(value)}; allowed: ${allowed}; correct or remove the attribute`);
    return fallback;
  };
  const directory = (name: AdministratorAttribute, fallback: string): string =>
    read(name, fallback, 'an absolute directory of letters, digits and . _ - / without ..', isDirectory);
  const oneOf = <T extends string>(name: AdministratorAttribute, fallback: T, values: readonly T[]): T => {
    const value = read(name, fallback, values.join(', '), (text) => values.some((known) => known === text));
    return values.find((known) => known === value) ?? fallback;
  };
  const request: CertificateRequest = {
    commonName: hostId,
    keyAlgorithm: oneOf<KeyAlgorithm>('keyAlgorithm', defaults.keyAlgorithm, KEY_ALGORITHMS),
    issuer,
  };
  const account = 'a user or group name of small letters, digits, _ and -, at most 32';
  const deployment: Deployment = {
    certPath: directory('certPath', defaults.certPath),
    keyPath: directory('keyPath', defaults.keyPath),
    csrPath: directory('csrPath', defaults.csrPath),
    caCertPath: directory('cacertPath', defaults.caCertPath),
    signingHelperPath: directory('signinghelperPath', defaults.signingHelperPath),
    owner: read('owner', 'root', account, (text) => ACCOUNT_NAME.test(text)),
    group: read('group', 'root', account, (text) => ACCOUNT_NAME.test(text)),
    keyMode: oneOf('keyMode', '0400', ['0400', '0440']),
    reloadUnit: read('reloadUnit', '', 'the name of a systemd unit such as app.service, no command', (text) =>
      UNIT.test(text),
    ),
    awsConfigFile: read(
      'awsConfigFile',
      '',
      'an absolute path of letters, digits and . _ - / without ..',
      isFile,
    ),
    awsProfile: read('awsProfile', '', 'letters, digits and _ . -, at most 64', (text) => PROFILE.test(text)),
    validation: oneOf<Validation>('validation', defaults.validation, VALIDATIONS),
    withProxy: defaults.withProxy,
    endpoint: defaults.endpoint,
  };
  return { request, deployment, problems };
}

function hostIdProblem(hostId: string): string {
  const hint = hostId.startsWith('i-')
    ? 'an EC2 instance has an instance role and needs no certificate; '
    : '';
  return `hostID is ${quote(hostId)}; ${hint}allowed: the id of a managed node, mi- and 17 hexadecimal digits; delete this row`;
}

function isDirectory(text: string): boolean {
  const parts = text.split('/').filter((part) => part !== '');
  return DIRECTORY.test(text) && parts.length > 0 && !parts.some((part) => /^\.+$/.test(part));
}

function isFile(text: string): boolean {
  return isDirectory(text) && !text.endsWith('/');
}

/** For messages: at most 60 characters, control characters escaped. */
export function quote(value: unknown): string {
  const text = value === undefined ? 'undefined' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
