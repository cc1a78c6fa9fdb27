/** Who sends a request, and to which service. */
import type { LocalClock } from '../clock.ts';
import type { LocalAccess } from '../iam/access.ts';
import { AwsError } from '../platform.ts';
import type { Caller, HttpRequest } from '../platform.ts';
import { checkTime, readSignature } from './signature.ts';
import { verifySignature } from './verify-signature.ts';

export interface Identified {
  readonly scope: string;
  readonly caller: Caller;
}

/** Services whose clients sign for one fixed Region, whichever they were set up for. */
const GLOBAL: ReadonlySet<string> = new Set(['iam', 'sts']);

/**
 * Access keys that this AWS issued are verified in full. Any other key is the administrator: there is no secret to know on
 * a laptop. A request signed with an X.509 key goes on unverified to the only service that can verify it.
 */
export function identify(
  request: HttpRequest,
  parts: { clock: LocalClock; access: LocalAccess; region: string; accountId: string; partition: string },
): Identified {
  const signature = readSignature(request);
  if (signature === undefined) {
    throw new AwsError('MissingAuthenticationToken', 'the request is not signed (Signature Version 4)', 403);
  }
  const { scope } = signature;
  if (signature.algorithm.startsWith('AWS4-X509-')) {
    if (scope === 'rolesanywhere' && request.method === 'POST' && request.path === '/sessions') {
      return { scope, caller: { kind: 'service', service: 'anonymous' } };
    }
    throw new AwsError('AccessDenied', `${signature.algorithm} signs CreateSession only`, 403);
  }
  const moved = parts.clock.now();
  checkTime(signature, [moved, moved - parts.clock.offset()]);
  if (signature.region !== parts.region && !GLOBAL.has(scope)) {
    throw new AwsError(
      'SignatureDoesNotMatch',
      `the local AWS is Region ${parts.region}, the request is signed for ${signature.region}`,
      403,
    );
  }
  const issued = parts.access.issuedKey(signature.accessKeyId);
  if (issued === undefined) {
    const arn = `arn:${parts.partition}:iam::${parts.accountId}:user/administrator`;
    return { scope, caller: { kind: 'administrator', arn, accessKeyId: signature.accessKeyId } };
  }
  verifySignature(request, signature, issued.credentials);
  if (issued.session.expiresAt <= moved) {
    throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired', 403);
  }
  return { scope, caller: issued.caller };
}
