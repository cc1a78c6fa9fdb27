/** Physical names for resources that the template does not name, in CloudFormation's form `stack-LogicalId-8CHARS`. */
import { base32 } from './iam/sessions.ts';
import type { ResourceContext } from './platform.ts';

export function generatedName(context: ResourceContext, maxLength = 64): string {
  const suffix = `-${base32(12)}`;
  return `${context.stackName}-${context.logicalId}`.slice(0, maxLength - suffix.length) + suffix;
}
