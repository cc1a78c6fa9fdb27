import { Effect, PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { CfnProfile, CfnTrustAnchor } from 'aws-cdk-lib/aws-rolesanywhere';
import { Construct } from 'constructs';
import { NAMES } from '../src/settings/names.ts';
import { remainingAtRenewal } from '../src/settings/relations.ts';
import type { Settings } from '../src/settings/settings.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { keep } from './retention.ts';
import { RolesAnywherePrincipal } from './roles-anywhere-principal.ts';

/** The shortest that Roles Anywhere gives: revoking a certificate ends no session, so sessions are short. */
const SESSION_SECONDS = 900;
const DAY = 86_400;
/** Room to renew the CA certificate and tell Roles Anywhere about it. */
const CA_EXPIRY_NOTICE_DAYS = 90;

/** What turns a certificate into credentials: trust anchor, profile, and a role that shows how a trust policy is written. */
export class RolesAnywhere extends Construct {
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly sampleRole: Role;

  constructor(scope: Construct, id: string, settings: Settings, authority: CertificateAuthority) {
    super(scope, id);
    const anchor = new CfnTrustAnchor(this, 'TrustAnchor', {
      name: `${settings.namePrefix}${NAMES.trustAnchor}`,
      enabled: true,
      source: { sourceType: 'AWS_ACM_PCA', sourceData: { acmPcaArn: authority.arn } },
      notificationSettings: notificationSettings(settings),
    });
    anchor.addResourceDependency(authority.activation);
    keep('TrustAnchor', anchor, settings);
    this.trustAnchorArn = anchor.attrTrustAnchorArn;
    this.sampleRole = this.createSampleRole(settings);
    const profile = new CfnProfile(this, 'Profile', {
      name: `${settings.namePrefix}${NAMES.profile}`,
      enabled: true,
      durationSeconds: SESSION_SECONDS,
      roleArns: [this.sampleRole.roleArn],
      // A host that could name its sessions could hide its serial number from the trail.
      acceptRoleSessionName: false,
    });
    profile.overrideLogicalId('Profile');
    this.profileArn = profile.attrProfileArn;
  }

  /** It may do nothing at all: it is there to prove that a host gets a session. */
  private createSampleRole(settings: Settings): Role {
    return new Role(this, 'SampleRole', {
      roleName: `${settings.namePrefix}${NAMES.sampleRole}`,
      description: 'Proves that a host can open a session with its certificate; every action is denied',
      assumedBy: new RolesAnywherePrincipal({ trustAnchorArn: this.trustAnchorArn, commonName: 'mi-*' }),
      inlinePolicies: {
        DenyEverything: new PolicyDocument({
          statements: [
            new PolicyStatement({
              sid: 'DenyEverything',
              effect: Effect.DENY,
              actions: ['*'],
              resources: ['*'],
            }),
          ],
        }),
      },
    });
  }
}

/**
 * Roles Anywhere warns 45 days ahead by default, which for a certificate of days means every host, every day. So the
 * notice comes when a renewal must have failed: half of the life that is left at renewal time. The API counts whole
 * days; where not even one fits, there is no notice and certvend's own digest has to do.
 */
function notificationSettings(settings: Settings): CfnTrustAnchor.NotificationSettingProperty[] {
  const days = Math.floor(remainingAtRenewal(settings) / 2 / DAY);
  const endEntity = { event: 'END_ENTITY_CERTIFICATE_EXPIRY', channel: 'ALL' };
  return [
    { event: 'CA_CERTIFICATE_EXPIRY', channel: 'ALL', enabled: true, threshold: CA_EXPIRY_NOTICE_DAYS },
    days >= 1 ? { ...endEntity, enabled: true, threshold: days } : { ...endEntity, enabled: false },
  ];
}
