import { Aws, Stack } from 'aws-cdk-lib';
import { CfnManagedPolicy, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { NAMES } from '../src/settings/names.ts';
import type { Settings } from '../src/settings/settings.ts';

/**
 * Makes CloudFormation refuse an update that would replace the CA, e.g. because a `-c CACommonName=…` was forgotten.
 *
 * The description of a managed policy cannot be changed, and CloudFormation does not replace a resource whose name the
 * template fixes ("cannot update a stack when a custom-named resource requires replacing"). So with the settings that
 * define the CA in the description, a change of any of them fails here, before the CA, which depends on this. With
 * `replaceCA` the policy is left out of one deployment and comes back, with the new description, in the next one. A
 * name that depends on `replaceCA` would not do: forgetting that setting along with the others would open the guard.
 *
 * The statement is attached to nobody; attach it to people who must never end the CA.
 */
export class CaGuard extends Construct {
  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    const policy = new CfnManagedPolicy(this, 'Resource', {
      managedPolicyName: `${settings.namePrefix}${Aws.REGION}-${NAMES.guard}`,
      description:
        'A change of these settings would replace the certificate authority; deploy once with replaceCA=true if you want that. ' +
        describe(settings),
      policyDocument: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'KeepTheCertificateAuthority',
            effect: Effect.DENY,
            actions: ['acm-pca:DeleteCertificateAuthority', 'acm-pca:UpdateCertificateAuthority'],
            resources: [
              Stack.of(this).formatArn({
                service: 'acm-pca',
                resource: 'certificate-authority',
                resourceName: '*',
              }),
            ],
          }),
        ],
      }),
    });
    policy.overrideLogicalId('CertificateAuthorityGuard');
  }
}

/** Everything whose change makes CloudFormation create another CA, in a fixed order. */
function describe(settings: Settings): string {
  return [
    `CACommonName ${settings.caCommonName}`,
    `OrgName ${settings.orgName}`,
    `CACountry ${settings.caCountry}`,
    `KeyAlgorithm ${settings.keyAlgorithm}`,
    `SigningAlgorithm ${settings.signingAlgorithm}`,
    'ROOT SHORT_LIVED_CERTIFICATE',
  ].join('; ');
}
