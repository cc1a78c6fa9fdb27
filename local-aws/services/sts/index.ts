/** STS: who am I. Roles are taken through Roles Anywhere and Lambda only, so AssumeRole is refused by name. */
import { z } from 'zod';
import { queryService } from '../../gateway/query-service.ts';
import { operation } from '../../json-service.ts';
import type { LocalAccess } from '../../iam/access.ts';
import type { Caller, JsonObject, Platform, Service } from '../../platform.ts';

export function createStsService(platform: Platform, { directory }: LocalAccess): Service {
  const identity = (caller: Caller): JsonObject => {
    const Account = platform.accountId;
    if (caller.kind === 'service') return { UserId: caller.service, Account, Arn: caller.service };
    if (caller.kind === 'administrator') return { UserId: caller.accessKeyId, Account, Arn: caller.arn };
    const roleId = directory.role(caller.roleArn)?.roleId ?? 'AROAUNKNOWN';
    return { UserId: `${roleId}:${caller.sessionName}`, Account, Arn: caller.arn };
  };
  return queryService({
    scope: 'sts',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    access: platform.access,
    operations: {
      // Needs no permission in AWS either, even an explicit deny does not stop it.
      GetCallerIdentity: operation({
        input: z.strictObject({}),
        needs: () => [],
        run: (_input, caller) => identity(caller),
      }),
    },
  });
}
