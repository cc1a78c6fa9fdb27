import { Annotations, Aspects, CfnResource, Stack, type IAspect } from 'aws-cdk-lib';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';

const ROLES_ANYWHERE = 'rolesanywhere.amazonaws.com';
/** Operators that refuse a request without the key. `…IfExists` and the negated ones let it in. */
const BINDING = new Set(['StringEquals', 'StringLike', 'ArnEquals', 'ArnLike']);

/**
 * Fails synth for a role, anywhere in the app, that trusts Roles Anywhere without naming a trust anchor: any anchor of
 * the account, also one that somebody adds later for another CA, would open it.
 */
export class OpenTrustPolicyCheck implements IAspect {
  /** Once per app, however many stacks ask for it. */
  static addTo(scope: Construct): void {
    const aspects = Aspects.of(scope.node.root);
    if (!aspects.all.some((aspect) => aspect instanceof OpenTrustPolicyCheck))
      aspects.add(new OpenTrustPolicyCheck());
  }

  visit(node: IConstruct): void {
    if (!CfnResource.isCfnResource(node) || node.cfnResourceType !== CfnRole.CFN_RESOURCE_TYPE_NAME) return;
    const properties = member(Stack.of(node).resolve(node._toCloudFormation()), 'Resources');
    for (const resource of Object.values(isRecord(properties) ? properties : {})) {
      const document = member(member(resource, 'Properties'), 'AssumeRolePolicyDocument');
      if (listOf(member(document, 'Statement')).some(isOpen)) {
        Annotations.of(node).addError(
          `the trust policy of ${node.node.path} lets ${ROLES_ANYWHERE} in without naming a trust anchor; allowed: a condition ` +
            'ArnEquals (or ArnLike, StringEquals, StringLike) on aws:SourceArn with the ARN of the trust anchor; use ' +
            'RolesAnywherePrincipal, or set allowOpenTrustPolicy=true if you must',
        );
      }
    }
  }
}

function isOpen(statement: unknown): boolean {
  if (member(statement, 'Effect') !== 'Allow' || !trustsRolesAnywhere(member(statement, 'Principal')))
    return false;
  const condition = member(statement, 'Condition');
  const conditions = isRecord(condition) ? Object.entries(condition) : [];
  return !conditions.some(([operator, keys]) => BINDING.has(operator) && namesTrustAnchor(keys));
}

function trustsRolesAnywhere(principal: unknown): boolean {
  return principal === '*' || listOf(member(principal, 'Service')).includes(ROLES_ANYWHERE);
}

function namesTrustAnchor(keys: unknown): boolean {
  const named = Object.entries(isRecord(keys) ? keys : {}).filter(
    ([key]) => key.toLowerCase() === 'aws:sourcearn',
  );
  return named.some(([, value]) => !listOf(value).includes('*'));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const member = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);
const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
