/** IAM roles and policies as the template declares them. They are not changed over the wire: the stack is what is tested. */
import { z } from 'zod';
import { queryService } from '../../gateway/query-service.ts';
import type { LocalAccess } from '../../iam/access.ts';
import { operation, parseStrictly } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { Platform, ResourceType, Service } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';

const document = z.record(z.string(), z.json());
const path = z
  .string()
  .regex(/^\/(?:.*\/)?$/)
  .optional();
const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional();

const roleProperties = z.strictObject({
  RoleName: z.string().optional(),
  Path: path,
  Description: z.string().optional(),
  AssumeRolePolicyDocument: document,
  ManagedPolicyArns: z.array(z.string()).optional(),
  Policies: z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: document })).optional(),
  MaxSessionDuration: z.number().int().min(3600).max(43_200).optional(),
  Tags: tags,
});
const policyProperties = z.strictObject({
  PolicyName: z.string(),
  PolicyDocument: document,
  Roles: z.array(z.string()),
});
const rolePolicyProperties = z.strictObject({
  PolicyName: z.string(),
  PolicyDocument: document,
  RoleName: z.string(),
});
const managedPolicyProperties = z.strictObject({
  ManagedPolicyName: z.string().optional(),
  Description: z.string().optional(),
  Path: path,
  PolicyDocument: document,
  Roles: z.array(z.string()).optional(),
});

export function createIamService(platform: Platform, { directory }: LocalAccess): Service {
  const role: ResourceType = (input, context) => {
    const given = parseStrictly(roleProperties, input);
    const created = directory.putRole({
      roleName: given.RoleName ?? generatedName(context),
      path: given.Path ?? '/',
      trust: given.AssumeRolePolicyDocument,
      maxSessionDuration: given.MaxSessionDuration ?? 3600,
    });
    for (const arn of given.ManagedPolicyArns ?? []) directory.attachManagedPolicy(created.roleName, arn);
    for (const one of given.Policies ?? []) {
      directory.putRolePolicy(created.roleName, one.PolicyName, one.PolicyDocument);
    }
    return { ref: created.roleName, attributes: { Arn: created.arn, RoleId: created.roleId } };
  };
  const policy: ResourceType = (input, { logicalId }) => {
    const given = parseStrictly(policyProperties, input);
    for (const name of given.Roles) directory.putRolePolicy(name, given.PolicyName, given.PolicyDocument);
    return { ref: logicalId, attributes: { Id: logicalId } };
  };
  const rolePolicy: ResourceType = (input) => {
    const given = parseStrictly(rolePolicyProperties, input);
    directory.putRolePolicy(given.RoleName, given.PolicyName, given.PolicyDocument);
    return { ref: `${given.PolicyName}|${given.RoleName}` };
  };
  const managedPolicy: ResourceType = (input, context) => {
    const given = parseStrictly(managedPolicyProperties, input);
    const name = given.ManagedPolicyName ?? generatedName(context, 128);
    const arn = directory.putManagedPolicy(name, given.Path ?? '/', given.PolicyDocument);
    for (const roleName of given.Roles ?? []) directory.attachManagedPolicy(roleName, arn);
    return { ref: arn, attributes: { PolicyArn: arn } };
  };

  return queryService({
    scope: 'iam',
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    access: platform.access,
    operations: {
      GetRole: operation({
        input: z.strictObject({ RoleName: z.string() }),
        needs: (input) => [{ action: 'iam:GetRole', resource: find(directory, input.RoleName).arn }],
        run: (input) => {
          const found = find(directory, input.RoleName);
          return {
            Role: {
              Path: '/',
              RoleName: input.RoleName,
              RoleId: found.roleId,
              Arn: found.arn,
              CreateDate: new Date(platform.clock.now()).toISOString(),
              // IAM answers with the document percent-encoded.
              AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(found.trust)),
              MaxSessionDuration: found.maxSessionDuration,
            },
          };
        },
      }),
    },
    rest: {
      resources: {
        'AWS::IAM::Role': role,
        'AWS::IAM::Policy': policy,
        'AWS::IAM::RolePolicy': rolePolicy,
        'AWS::IAM::ManagedPolicy': managedPolicy,
      },
    },
  });
}

function find(
  directory: LocalAccess['directory'],
  roleName: string,
): ReturnType<LocalAccess['directory']['list']>[number] {
  const found = directory.list().find((role) => role.arn.endsWith(`/${roleName}`));
  if (found === undefined)
    throw new AwsError('NoSuchEntity', `The role with name ${roleName} cannot be found.`, 404);
  return found;
}
