/** The execution environments of one function: reused while warm, a bounded number at once, the rest waits. */
import type { Environment, Invocation, Outcome } from './environment.ts';

export interface Pool {
  run(invocation: Invocation): Promise<Outcome>;
  close(): Promise<void>;
}

interface Warm {
  readonly environment: Environment;
  readonly startedAt: number;
}

export function createPool(options: {
  readonly limit: number;
  /** An idle environment older than this is replaced, as Lambda does; in moved time. */
  readonly maxAgeMs: number;
  now(): number;
  start(): Environment;
}): Pool {
  const idle: Warm[] = [];
  const all = new Set<Environment>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const discard = (environment: Environment): Promise<void> => {
    all.delete(environment);
    return environment.close();
  };
  const take = (): Warm => {
    for (let warm = idle.pop(); warm !== undefined; warm = idle.pop()) {
      if (warm.environment.alive() && options.now() - warm.startedAt < options.maxAgeMs) return warm;
      void discard(warm.environment);
    }
    const environment = options.start();
    all.add(environment);
    return { environment, startedAt: options.now() };
  };

  return {
    async run(invocation) {
      if (running >= options.limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        const warm = take();
        const outcome = await warm.environment.invoke(invocation);
        if (warm.environment.alive()) idle.push(warm);
        else void discard(warm.environment);
        return outcome;
      } finally {
        // The place goes straight to the next in line.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
    async close() {
      await Promise.all([...all].map(discard));
    },
  };
}
