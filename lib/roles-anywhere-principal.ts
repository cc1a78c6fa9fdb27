import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal, type PolicyDocument } from 'aws-cdk-lib/aws-iam';

export interface RolesAnywherePrincipalProps {
  /** The only trust anchor whose certificates are accepted. */
  readonly trustAnchorArn: string;
  /** Common name of the certificate: one host id, or with `*` several. */
  readonly commonName: string;
}

/**
 * Hosts that come through Roles Anywhere, for the trust policy of a role. It always names the trust anchor, the account
 * and the subject: without the first, any trust anchor of the account opens the role.
 */
export class RolesAnywherePrincipal extends ServicePrincipal {
  constructor({ trustAnchorArn, commonName }: RolesAnywherePrincipalProps) {
    const subject = { 'aws:PrincipalTag/x509Subject/CN': commonName };
    const account = { 'aws:SourceAccount': Aws.ACCOUNT_ID };
    super('rolesanywhere.amazonaws.com', {
      conditions: {
        ArnEquals: { 'aws:SourceArn': trustAnchorArn },
        ...(commonName.includes('*')
          ? { StringEquals: account, StringLike: subject }
          : { StringEquals: { ...account, ...subject } }),
      },
    });
  }

  /** Roles Anywhere needs all three actions in the trust policy. */
  override addToAssumeRolePolicy(document: PolicyDocument): void {
    document.addStatements(
      new PolicyStatement({
        actions: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        principals: [this],
      }),
    );
  }
}
