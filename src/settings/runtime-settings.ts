/**
 * What the functions are told by the stack: one JSON document in the environment variable `CERTVEND`. The stack builds
 * it from the checked settings and the names of its resources; `parseRuntimeSettings` is its only reader.
 */
import type { HostDefaults, IssuancePolicy, KeyAlgorithm } from '../core/facts.ts';

export type { HostDefaults, IssuancePolicy, KeyAlgorithm };

export interface RuntimeSettings {
  readonly inventoryTable: string;
  /** Sparse index of the inventory: `checkShard` + `nextCheckAt`. */
  readonly dueIndex: string;
  readonly ledgerTable: string;
  /** Index of the ledger: `hostID` + `issuedAt`. */
  readonly ledgerHostIndex: string;
  readonly issuanceQueueUrl: string;
  readonly deploymentQueueUrl: string;
  readonly topicArn: string;
  readonly certificateAuthorityArn: string;
  /** e.g. `arn:aws:acm-pca:::template/EndEntityClientAuthCertificate/V1`; the issuing role is pinned to it. */
  readonly templateArn: string;
  /** Of the CA key, e.g. `SHA256WITHRSA`. */
  readonly signingAlgorithm: string;
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  readonly generateCsrDocument: string;
  readonly deployCertificateDocument: string;
  /** Name of the CRL that certvend imports into Roles Anywhere, e.g. `certvend`. */
  readonly crlName: string;
  readonly hostDefaults: HostDefaults;
  readonly policy: IssuancePolicy;
}

/**
 * Reads the document the stack wrote. A missing member is a fault of the deployment, not of a host: the function must
 * not start, so this throws and the message names the member.
 */
export function parseRuntimeSettings(json: string | undefined): RuntimeSettings {
  if (json === undefined || json === '') {
    throw new Error('environment variable CERTVEND is missing; the stack sets it: deploy the stack again');
  }
  const settings = JSON.parse(json) as RuntimeSettings; // written by lib/, which builds it as this very type
  const missing = RUNTIME_SETTINGS.filter((name) => !Object.hasOwn(settings, name));
  if (missing.length > 0) {
    throw new Error(`environment variable CERTVEND lacks ${missing.join(', ')}; deploy the stack again`);
  }
  return settings;
}

/** Every member; `parseRuntimeSettings` asks for all of them. */
export const RUNTIME_SETTINGS: readonly (keyof RuntimeSettings)[] = [
  'inventoryTable',
  'dueIndex',
  'ledgerTable',
  'ledgerHostIndex',
  'issuanceQueueUrl',
  'deploymentQueueUrl',
  'topicArn',
  'certificateAuthorityArn',
  'templateArn',
  'signingAlgorithm',
  'trustAnchorArn',
  'profileArn',
  'roleArn',
  'generateCsrDocument',
  'deployCertificateDocument',
  'crlName',
  'hostDefaults',
  'policy',
];
