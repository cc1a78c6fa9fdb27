/** Listing, reading, and switching resources on and off. */
import { z } from 'zod';
import { operation } from '../../json-service.ts';
import type { Operation, Route } from '../../json-service.ts';
import type { JsonObject, Platform } from '../../platform.ts';
import { invalid, trustedCertificates } from './resources.ts';
import {
  arnOf,
  crlDetail,
  findById,
  profileDetail,
  subjectDetail,
  subjectSummary,
  trustAnchorDetail,
} from './state.ts';
import type { State } from './state.ts';

const page = { nextToken: 'nextToken', pageSize: 'pageSize' };

export const routes: readonly Route[] = [
  { method: 'GET', path: '/trustanchors', operation: 'ListTrustAnchors', query: page },
  { method: 'GET', path: '/trustanchor/{trustAnchorId}', operation: 'GetTrustAnchor' },
  { method: 'PATCH', path: '/trustanchor/{trustAnchorId}', operation: 'UpdateTrustAnchor' },
  { method: 'POST', path: '/trustanchor/{trustAnchorId}/enable', operation: 'EnableTrustAnchor' },
  { method: 'POST', path: '/trustanchor/{trustAnchorId}/disable', operation: 'DisableTrustAnchor' },
  { method: 'GET', path: '/profiles', operation: 'ListProfiles', query: page },
  { method: 'GET', path: '/profile/{profileId}', operation: 'GetProfile' },
  { method: 'POST', path: '/profile/{profileId}/enable', operation: 'EnableProfile' },
  { method: 'POST', path: '/profile/{profileId}/disable', operation: 'DisableProfile' },
  { method: 'POST', path: '/crls', operation: 'ImportCrl', status: 201 },
  { method: 'GET', path: '/crls', operation: 'ListCrls', query: page },
  { method: 'GET', path: '/crl/{crlId}', operation: 'GetCrl' },
  { method: 'PATCH', path: '/crl/{crlId}', operation: 'UpdateCrl' },
  { method: 'DELETE', path: '/crl/{crlId}', operation: 'DeleteCrl' },
  { method: 'POST', path: '/crl/{crlId}/enable', operation: 'EnableCrl' },
  { method: 'POST', path: '/crl/{crlId}/disable', operation: 'DisableCrl' },
  { method: 'GET', path: '/subjects', operation: 'ListSubjects', query: page },
  { method: 'GET', path: '/subject/{subjectId}', operation: 'GetSubject' },
];

interface Kind<T> {
  /** `TrustAnchor`, as in GetTrustAnchor. */
  readonly name: string;
  /** `trustAnchor`: the member of the answer; with `Id`, the parameter; with `s`, the list. */
  readonly member: string;
  /** `trust-anchor`, as in the ARN. */
  readonly type: string;
  readonly records: () => ReadonlyMap<string, T>;
  readonly detail: (record: T) => JsonObject;
  readonly summary?: (record: T) => JsonObject;
}

export function readOperations(platform: Platform, state: State): Record<string, Operation> {
  const anchors = {
    name: 'TrustAnchor',
    member: 'trustAnchor',
    type: 'trust-anchor',
    records: () => state.trustAnchors,
    detail: trustAnchorDetail,
  };
  const profiles = {
    name: 'Profile',
    member: 'profile',
    type: 'profile',
    records: () => state.profiles,
    detail: profileDetail,
  };
  const crls = { name: 'Crl', member: 'crl', type: 'crl', records: () => state.crls, detail: crlDetail };
  const byId = () => new Map([...state.subjects.values()].map((subject) => [subject.id, subject]));
  const subjects = {
    name: 'Subject',
    member: 'subject',
    type: 'subject',
    records: byId,
    detail: subjectDetail,
    summary: subjectSummary,
  };
  return {
    ...listAndGet(platform, anchors),
    ...listAndGet(platform, profiles),
    ...listAndGet(platform, crls),
    ...listAndGet(platform, subjects),
    ...switches(platform, anchors),
    ...switches(platform, profiles),
    ...switches(platform, crls),
    UpdateTrustAnchor: updateTrustAnchor(platform, state),
  };
}

function listAndGet<T>(platform: Platform, kind: Kind<T>): Record<string, Operation> {
  const idMember = `${kind.member}Id`;
  return {
    [`List${kind.name}s`]: operation({
      input: z.strictObject({
        nextToken: z.string().optional(),
        pageSize: z.coerce.number().int().min(1).optional(),
      }),
      needs: () => [{ action: `rolesanywhere:List${kind.name}s`, resource: '*' }],
      run: ({ nextToken = '0', pageSize = 50 }) => {
        const start = Number(nextToken);
        if (!Number.isInteger(start)) throw invalid('nextToken: not a token of this service');
        const all = [...kind.records().values()];
        const found = all.slice(start, start + pageSize).map(kind.summary ?? kind.detail);
        const more = start + pageSize < all.length ? { nextToken: String(start + pageSize) } : {};
        return { [`${kind.member}s`]: found, ...more };
      },
    }),
    [`Get${kind.name}`]: operation({
      input: z.strictObject({ [idMember]: z.uuid() }),
      needs: (input) => [
        {
          action: `rolesanywhere:Get${kind.name}`,
          resource: arnOf(platform, kind.type, input[idMember] ?? ''),
        },
      ],
      run: (input) => ({
        [kind.member]: kind.detail(findById(kind.records(), kind.type, input[idMember] ?? '')),
      }),
    }),
  };
}

function switches<T extends { enabled: boolean; updatedAt: number }>(
  platform: Platform,
  kind: Kind<T>,
): Record<string, Operation> {
  const idMember = `${kind.member}Id`;
  const turn = (verb: 'Enable' | 'Disable'): Operation =>
    operation({
      input: z.strictObject({ [idMember]: z.uuid() }),
      needs: (input) => [
        {
          action: `rolesanywhere:${verb}${kind.name}`,
          resource: arnOf(platform, kind.type, input[idMember] ?? ''),
        },
      ],
      run: (input) => {
        const record = findById(kind.records(), kind.type, input[idMember] ?? '');
        record.enabled = verb === 'Enable';
        record.updatedAt = platform.clock.now();
        return { [kind.member]: kind.detail(record) };
      },
    });
  return { [`Enable${kind.name}`]: turn('Enable'), [`Disable${kind.name}`]: turn('Disable') };
}

function updateTrustAnchor(platform: Platform, state: State): Operation {
  const source = z.strictObject({
    sourceType: z.enum(['AWS_ACM_PCA', 'CERTIFICATE_BUNDLE']),
    sourceData: z.partialRecord(z.enum(['acmPcaArn', 'x509CertificateData']), z.string()),
  });
  return operation({
    input: z.strictObject({
      trustAnchorId: z.uuid(),
      name: z.string().optional(),
      source: source.optional(),
    }),
    needs: (input) => [
      {
        action: 'rolesanywhere:UpdateTrustAnchor',
        resource: arnOf(platform, 'trust-anchor', input.trustAnchorId),
      },
    ],
    run: async (input) => {
      const anchor = findById(state.trustAnchors, 'trust anchor', input.trustAnchorId);
      if (input.source !== undefined) {
        anchor.certificates = await trustedCertificates(platform, anchor.arn, input.source);
        anchor.source = input.source;
      }
      anchor.name = input.name ?? anchor.name;
      anchor.updatedAt = platform.clock.now();
      return { trustAnchor: trustAnchorDetail(anchor) };
    },
  });
}
