/** Which permissions were needed, by whom, and how the policies judged them. Equal lines are counted, not repeated. */
import type { Clock } from '../platform.ts';

export interface AuthorizationEntry {
  /** Role ARN or service name. */
  readonly caller: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
  readonly allowed: boolean;
  readonly reason: string;
}

export interface CountedAuthorization extends AuthorizationEntry {
  /** Milliseconds since the epoch, moved time, of the last one. */
  readonly at: number;
  readonly count: number;
}

export interface AuthorizationLog {
  add(entry: AuthorizationEntry): void;
  list(): CountedAuthorization[];
}

// A run needs a few hundred different ones; the bound only guards against one resource name per call.
const LIMIT = 20_000;

export function createAuthorizationLog(clock: Clock): AuthorizationLog {
  const entries = new Map<string, CountedAuthorization>();
  return {
    add(entry) {
      const key = JSON.stringify([entry.caller, entry.action, entry.resource, entry.context, entry.allowed]);
      const known = entries.get(key);
      entries.set(key, { ...entry, at: clock.now(), count: (known?.count ?? 0) + 1 });
      if (known !== undefined || entries.size <= LIMIT) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    list: () => [...entries.values()],
  };
}
