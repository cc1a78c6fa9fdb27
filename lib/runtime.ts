import { NAMES, DUE_INDEX, LEDGER_HOST_INDEX } from '../src/settings/names.ts';
import { seconds } from '../src/settings/durations.ts';
import type { HostDefaults, IssuancePolicy, RuntimeSettings } from '../src/settings/runtime-settings.ts';
import type { Settings } from '../src/settings/settings.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import type { CommandDocuments } from './command-documents.ts';
import type { Inventory } from './inventory.ts';
import type { Notifications } from './notifications.ts';
import type { Queues } from './queues.ts';
import type { RolesAnywhere } from './roles-anywhere.ts';

const SECONDS_PER_DAY = 86_400;

/** Everything the functions work with; what they are told about it is `runtimeSettings`, what they may do is in permissions.ts. */
export interface Resources {
  readonly inventory: Inventory;
  readonly queues: Queues;
  readonly notifications: Notifications;
  readonly authority: CertificateAuthority;
  readonly rolesAnywhere: RolesAnywhere;
  readonly documents: CommandDocuments;
}

/** What the functions are told. The compiler compares it with what they read. */
export function runtimeSettings(settings: Settings, resources: Resources): RuntimeSettings {
  const { inventory, queues, notifications, authority, rolesAnywhere, documents } = resources;
  return {
    inventoryTable: inventory.inventory.tableName,
    dueIndex: DUE_INDEX,
    ledgerTable: inventory.ledger.tableName,
    ledgerHostIndex: LEDGER_HOST_INDEX,
    issuanceQueueUrl: queues.issuance.queueUrl,
    deploymentQueueUrl: queues.deployment.queueUrl,
    topicArn: notifications.topic.topicArn,
    certificateAuthorityArn: authority.arn,
    templateArn: authority.templateArn,
    signingAlgorithm: settings.signingAlgorithm,
    trustAnchorArn: rolesAnywhere.trustAnchorArn,
    profileArn: rolesAnywhere.profileArn,
    roleArn: rolesAnywhere.sampleRole.roleArn,
    generateCsrDocument: documents.generateCsr.documentName,
    deployCertificateDocument: documents.deployCertificate.documentName,
    crlName: `${settings.namePrefix}${NAMES.crl}`,
    hostDefaults: hostDefaults(settings),
    policy: issuancePolicy(settings),
  };
}

function hostDefaults(settings: Settings): HostDefaults {
  return {
    certPath: settings.certPath,
    keyPath: settings.keyPath,
    csrPath: settings.csrPath,
    caCertPath: settings.caCertPath,
    signingHelperPath: settings.signingHelperPath,
    keyAlgorithm: settings.hostKeyAlgorithm,
    validation: settings.validation,
    withProxy: settings.withProxy,
    endpoint: settings.rolesAnywhereEndpoint,
  };
}

function issuancePolicy(settings: Settings): IssuancePolicy {
  return {
    validitySeconds: settings.certificateValidityDays * SECONDS_PER_DAY,
    renewAtFraction: settings.renewAtFraction,
    ...(settings.minRemaining === '' ? {} : { minRemainingSeconds: seconds(settings.minRemaining) }),
    mustSurviveSeconds: seconds(settings.mustSurvive),
    checkIntervalSeconds: seconds(settings.checkInterval),
    startsPerSecond: settings.startsPerSecond,
    maxIssuancesPerHostPerDay: settings.maxIssuancesPerHostPerDay,
    maxIssuancesPerFleetPerDay: settings.maxIssuancesPerFleetPerDay,
  };
}
