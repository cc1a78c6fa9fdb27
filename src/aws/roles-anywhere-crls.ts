import {
  EnableCrlCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  UpdateCrlCommand,
} from '@aws-sdk/client-rolesanywhere';
import type { RolesAnywhereClient } from '@aws-sdk/client-rolesanywhere';
import type { RevocationLists, StoredCrl } from '../ports/revocation-lists.ts';
import { calling } from './sdk-errors.ts';

/** 50 trust anchors with 2 CRLs each are the default quota; pages beyond that are no answer of this service. */
const PAGES_MAX = 20;

export function rolesAnywhereCrls(
  client: RolesAnywhereClient,
  crlName: string,
  trustAnchorArn: string,
): RevocationLists {
  return {
    async list() {
      const crls: StoredCrl[] = [];
      let nextToken: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const answer = await calling('ListCrls', () =>
          client.send(new ListCrlsCommand(nextToken === undefined ? {} : { nextToken })),
        );
        for (const { crlId, name, enabled, trustAnchorArn: anchor, crlData } of answer.crls ?? []) {
          if (crlId === undefined || crlData === undefined) continue;
          crls.push({
            id: crlId,
            name: name ?? '',
            enabled: enabled ?? false,
            trustAnchorArn: anchor ?? '',
            data: crlData,
          });
        }
        nextToken = answer.nextToken;
        if (nextToken === undefined) break;
      }
      return crls;
    },
    async import(pem) {
      const command = new ImportCrlCommand({
        name: crlName,
        crlData: Buffer.from(pem),
        enabled: true,
        trustAnchorArn,
      });
      await calling('ImportCrl', () => client.send(command));
    },
    async update({ id, name }, pem) {
      await calling('UpdateCrl', () =>
        client.send(new UpdateCrlCommand({ crlId: id, name, crlData: Buffer.from(pem) })),
      );
    },
    async enable(id) {
      await calling('EnableCrl', () => client.send(new EnableCrlCommand({ crlId: id })));
    },
  };
}
