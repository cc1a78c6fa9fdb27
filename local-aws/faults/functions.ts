/** Functions that die in the middle of an invocation, at one of their own AWS calls. */
import type { Caller } from '../platform.ts';
import type { Faults } from './faults.ts';

export interface WatchedEnvironment {
  /** To be called as each invocation begins. */
  begins(): void;
  /** To be called when the environment is gone. */
  forget(): void;
}

export interface FunctionFaults {
  /** Makes an execution environment killable. Its calls are known by their access key. */
  watch(accessKeyId: string, functionName: string, kill: () => void): WatchedEnvironment;
  /** Counts one AWS call: `before` when its function was killed now, a function that kills it for after the call. */
  called(caller: Caller): 'before' | (() => void) | undefined;
}

interface Watched {
  readonly name: string;
  readonly kill: () => void;
  calls: number;
}

export function createFunctionFaults(faults: Faults): FunctionFaults {
  const environments = new Map<string, Watched>();
  return {
    watch(accessKeyId, name, kill) {
      const watched: Watched = { name, kill, calls: 0 };
      environments.set(accessKeyId, watched);
      return {
        begins: () => void (watched.calls = 0),
        forget: () => void environments.delete(accessKeyId),
      };
    },
    called(caller) {
      if (caller.kind !== 'role') return undefined;
      const watched = environments.get(caller.accessKeyId);
      if (watched === undefined) return undefined;
      watched.calls += 1;
      const { name, calls } = watched;
      const struck = faults.strike(
        'function-killed',
        name,
        (order) => order.call === calls && (order.function ?? name) === name,
      );
      if (struck === undefined) return undefined;
      if (struck.order.when === 'after') return watched.kill;
      watched.kill();
      return 'before';
    },
  };
}
