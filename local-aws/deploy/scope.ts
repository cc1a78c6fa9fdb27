/** What names in a template mean while a stack is deployed. */
import type { CreatedResource, Json, JsonObject, Platform } from '../platform.ts';
import type { Scope } from './intrinsics.ts';
import { conditionsOf } from './template.ts';
import type { Template } from './template.ts';

export interface DeployedResource {
  readonly type: string;
  readonly properties: JsonObject;
  readonly created: CreatedResource;
}
export interface Stack {
  readonly name: string;
  readonly id: string;
  readonly resources: Map<string, DeployedResource>;
  outputs: Record<string, string>;
}

/** Only the real account has a bootstrap stack. */
const IGNORED_PARAMETER = 'BootstrapVersion';

export function createScope(platform: Platform, stack: Stack, template: Template): Scope {
  const pseudo: Readonly<Record<string, Json | undefined>> = {
    'AWS::AccountId': platform.accountId,
    'AWS::Region': platform.region,
    'AWS::Partition': platform.partition,
    'AWS::URLSuffix': platform.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com',
    'AWS::StackName': stack.name,
    'AWS::StackId': stack.id,
    'AWS::NotificationARNs': [],
    'AWS::NoValue': undefined,
  };
  const resourceOf = (logicalId: string): DeployedResource => {
    const resource = stack.resources.get(logicalId);
    if (resource === undefined)
      throw new Error(`${logicalId} does not exist (its condition is false or it is unknown)`);
    return resource;
  };
  const scope: Scope = {
    ref(name) {
      if (Object.hasOwn(pseudo, name)) return pseudo[name];
      if (name.startsWith('AWS::')) throw new Error(`pseudo parameter ${name} is not modelled`);
      return name in template.Parameters ? parameter(template, name) : resourceOf(name).created.ref;
    },
    attribute(logicalId, name) {
      const { type, created } = resourceOf(logicalId);
      const value = created.attributes?.[name];
      if (value === undefined) throw new Error(`attribute ${name} of ${type} (${logicalId}) is not modelled`);
      return value;
    },
    condition: conditionsOf(template, () => scope),
    mapping(map, first, second) {
      const value = template.Mappings[map]?.[first]?.[second];
      if (value === undefined) throw new Error(`Fn::FindInMap: no ${map}.${first}.${second}`);
      return value;
    },
  };
  return scope;
}

function parameter(template: Template, name: string): Json {
  const value = template.Parameters[name]?.Default;
  if (name === IGNORED_PARAMETER) return value ?? '';
  if (value === undefined)
    throw new Error(`parameter ${name} has no default; values for parameters are not modelled`);
  return value;
}
