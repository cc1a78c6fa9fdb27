/** Who sends a request. */
import type { LocalClock } from '../clock.ts';
import type { LocalAccess } from '../iam/access.ts';
import { AwsError } from '../platform.ts';
import type { Caller, HttpRequest } from '../platform.ts';
import { checkTime } from './signature.ts';
import type { SignatureInput } from './signature.ts';
import { verifySignature } from './verify-signature.ts';

/** Services whose clients sign for one fixed Region, whichever they were set up for. */
const GLOBAL: ReadonlySet<string> = new Set(['iam', 'sts']);

/**
 * Access keys that this AWS issued are verified in full. Any other key is the administrator: there is no secret to know on
 * a laptop. A request signed with an X.509 key goes on unverified to the only service that can verify it.
 */
export function identify(
  request: HttpRequest,
  signature: SignatureInput | undefined,
  parts: { clock: LocalClock; access: LocalAccess; region: string; accountId: string; partition: string },
): Caller {
  if (signature === undefined) {
    throw new AwsError('MissingAuthenticationToken', 'the request is not signed (Signature Version 4)', 403);
  }
  const { scope } = signature;
  if (signature.algorithm.startsWith('AWS4-X509-')) {
    if (scope === 'rolesanywhere' && request.method === 'POST' && request.path === '/sessions') {
      return { kind: 'service', service: 'anonymous' };
    }
    throw new AwsError('AccessDenied', `${signature.algorithm} signs CreateSession only`, 403);
  }
  const moved = parts.clock.now();
  checkTime(signature, { moved, real: moved - parts.clock.offset() });
  if (signature.region !== parts.region && !GLOBAL.has(scope)) {
    throw new AwsError(
      'SignatureDoesNotMatch',
      `the local AWS is Region ${parts.region}, the request is signed for ${signature.region}`,
      403,
    );
  }
  const issued = parts.access.issuedKey(signature.accessKeyId);
  if (issued === undefined) {
    if (parts.access.hasForgotten(signature.accessKeyId)) throw expired();
    const arn = `arn:${parts.partition}:iam::${parts.accountId}:user/administrator`;
    return { kind: 'administrator', arn, accessKeyId: signature.accessKeyId };
  }
  verifySignature(request, signature, issued.credentials);
  if (issued.session.expiresAt <= moved) throw expired();
  return issued.caller;
}

function expired(): AwsError {
  return new AwsError('ExpiredTokenException', 'The security token included in the request is expired', 403);
}
