import { Annotations } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { resolveSettings, settingsWarnings, type SettingsInput } from '../src/settings/settings.ts';
import { Alarms } from './alarms.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { CommandDocuments } from './command-documents.ts';
import { Functions, type FunctionCode } from './functions.ts';
import { Inventory } from './inventory.ts';
import { Notifications } from './notifications.ts';
import { OpenTrustPolicyCheck } from './open-trust-policy-check.ts';
import { Queues } from './queues.ts';
import { RolesAnywhere } from './roles-anywhere.ts';
import type { Resources } from './runtime.ts';
import { Schedules } from './schedules.ts';
import { Triggers } from './triggers.ts';

/** Every setting as a property (src/settings/props.ts documents each); only `snsSubscriberEmail` has no default. */
export interface CertVendProps extends SettingsInput {
  /**
   * Where the code of the functions comes from.
   *
   * @default bundled from the folder lambda/
   */
  readonly code?: FunctionCode;
}

/**
 * Short-lived certificates for hosts outside AWS. The ids of what holds state are fixed, so one stack holds one
 * CertVend; several stacks live in one account by `namePrefix`.
 */
export class CertVend extends Construct {
  readonly certificateAuthority: CertificateAuthority;
  readonly rolesAnywhere: RolesAnywhere;
  readonly inventory: Inventory;
  readonly notifications: Notifications;

  constructor(scope: Construct, id: string, props: CertVendProps) {
    super(scope, id);
    const { code, ...input } = props;
    const settings = resolveSettings(input);
    for (const { id: warning, message } of settingsWarnings(settings))
      Annotations.of(this).addWarningV2(warning, message);
    if (!settings.allowOpenTrustPolicy) OpenTrustPolicyCheck.addTo(this);

    // What is stored, and who hears of failures
    this.inventory = new Inventory(this, 'Inventory', settings);
    this.notifications = new Notifications(this, 'Notifications', settings);

    // Who signs, and who believes it
    this.certificateAuthority = new CertificateAuthority(this, 'CertificateAuthority', settings);
    this.rolesAnywhere = new RolesAnywhere(this, 'RolesAnywhere', settings, this.certificateAuthority);

    // row or tick -> CertCheck -> issuance queue -> CertIssue -> CA -> deployment queue -> CertDeploy -> host
    const queues = new Queues(this, 'Queues', settings);
    const documents = new CommandDocuments(this, 'Documents', settings);
    const resources: Resources = {
      inventory: this.inventory,
      notifications: this.notifications,
      authority: this.certificateAuthority,
      rolesAnywhere: this.rolesAnywhere,
      queues,
      documents,
    };
    const functions = new Functions(this, 'Functions', settings, resources, code);
    new Triggers(this, 'Triggers', settings, resources, functions);
    new Schedules(this, 'Schedules', settings, resources, functions);
    new Alarms(this, 'Alarms', settings, resources, functions);
  }
}
