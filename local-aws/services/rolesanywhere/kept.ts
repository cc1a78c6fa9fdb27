/** Trust anchors and profiles that keep their ARNs from run to run, and the revocation lists imported for an anchor. */
import { z } from 'zod';
import type { Json, Platform } from '../../platform.ts';
import { readVerified } from './crls.ts';
import { arnOf, newRecord } from './state.ts';
import type { State, TrustAnchor } from './state.ts';

/** The members that every resource has, with the id that the run before gave to the resource of this name. */
export function keptRecord(
  platform: Platform,
  type: 'trust-anchor' | 'profile',
  name: string,
  enabled: boolean,
): ReturnType<typeof newRecord> {
  const record = newRecord(platform, type, name, enabled);
  const key = `rolesanywhere/${type}/${name}`;
  const id = platform.kept?.take(key, z.uuid()) ?? record.id;
  platform.kept?.keep(key, () => id);
  return { ...record, id, arn: arnOf(platform, type, id) };
}

const crlsShape = z.array(
  z.strictObject({
    id: z.uuid(),
    name: z.string(),
    enabled: z.boolean(),
    createdAt: z.number(),
    updatedAt: z.number(),
    data: z.string(),
  }),
);

export function reviveCrls(platform: Platform, state: State, anchor: TrustAnchor): void {
  const key = `rolesanywhere/crls/${anchor.id}`;
  for (const { data, ...kept } of platform.kept?.take(key, crlsShape) ?? []) {
    state.crls.set(kept.id, {
      ...kept,
      arn: arnOf(platform, 'crl', kept.id),
      trustAnchorArn: anchor.arn,
      data,
      list: readVerified(data, anchor),
    });
  }
  platform.kept?.keep(key, () =>
    [...state.crls.values()]
      .filter((crl) => crl.trustAnchorArn === anchor.arn)
      .map(({ id, name, enabled, createdAt, updatedAt, data }): Json => ({
        id,
        name,
        enabled,
        createdAt,
        updatedAt,
        data,
      })),
  );
}
