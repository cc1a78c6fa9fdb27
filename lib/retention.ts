import { CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Settings } from '../src/settings/settings.ts';

/**
 * Pins the logical id of a resource that holds state and keeps it when the stack lets go of it: CloudFormation deletes
 * it only when its own creation failed. A changed logical id would make CloudFormation create a second one and leave
 * the first behind, so these ids are a contract.
 */
export function keep(logicalId: string, construct: IConstruct, settings: Settings): void {
  const resource = CfnResource.isCfnResource(construct) ? construct : construct.node.defaultChild;
  if (!CfnResource.isCfnResource(resource)) {
    throw new Error(
      `${construct.node.path} has no CloudFormation resource of its own; pass the resource to keep()`,
    );
  }
  resource.overrideLogicalId(logicalId);
  resource.applyRemovalPolicy(
    settings.removalPolicy === 'retain' ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
  );
}
