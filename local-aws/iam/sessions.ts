/** Temporary credentials that this AWS issued. The secret is known, so the gateway can verify every signature made with it. */
import { randomBytes } from 'node:crypto';
import type { Caller, Clock, Credentials, Session } from '../platform.ts';

export interface IssuedKey {
  readonly credentials: Credentials;
  readonly session: Session;
  readonly caller: Extract<Caller, { kind: 'role' }>;
}

export interface Sessions {
  issue(session: Session): Credentials;
  find(accessKeyId: string): IssuedKey | undefined;
  /** Whether the key was issued and has expired so long ago that only its id is known. */
  hasForgotten(accessKeyId: string): boolean;
}

// Then only the id is kept: the key must never be taken for one of the administrator's, which are all that are unknown.
const FORGOTTEN_AFTER_MS = 7 * 24 * 3600_000;
const SWEEP_EVERY = 1000;

export function createSessions(options: { clock: Clock; partition: string; accountId: string }): Sessions {
  const issued = new Map<string, IssuedKey>();
  const forgotten = new Set<string>();
  let untilSweep = SWEEP_EVERY;

  function sweep(): void {
    untilSweep = SWEEP_EVERY;
    const limit = options.clock.now() - FORGOTTEN_AFTER_MS;
    for (const [id, key] of issued) {
      if (key.session.expiresAt >= limit) continue;
      issued.delete(id);
      forgotten.add(id);
    }
  }

  return {
    issue(session) {
      untilSweep -= 1;
      if (untilSweep <= 0) sweep();
      const credentials = {
        accessKeyId: `ASIA${base32(16)}`,
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: randomBytes(96).toString('base64'),
      };
      const roleName = session.roleArn.split('/').at(-1) ?? '';
      const caller: IssuedKey['caller'] = {
        kind: 'role',
        arn: `arn:${options.partition}:sts::${options.accountId}:assumed-role/${roleName}/${session.sessionName}`,
        roleArn: session.roleArn,
        sessionName: session.sessionName,
        accessKeyId: credentials.accessKeyId,
      };
      issued.set(credentials.accessKeyId, { credentials, session, caller });
      return credentials;
    },
    find: (accessKeyId) => issued.get(accessKeyId),
    hasForgotten: (accessKeyId) => forgotten.has(accessKeyId),
  };
}

/** Random text over the alphabet of AWS ids. */
export function base32(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % 32)).join('');
}
