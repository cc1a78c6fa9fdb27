/** Every call of a port can fail in each way in which a call of AWS can, or take the whole function down with it. */
import { CertvendError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';

export const MODES = ['throttled', 'unavailable', 'denied', 'lost', 'crashBefore', 'crashAfter'] as const;
/**
 * `unavailable`: no effect. `lost`: took effect, the answer did not arrive. `crash...`: the function ends there, before or
 * after the call took effect, as at its time-out or when its environment is lost.
 */
export type Mode = (typeof MODES)[number];

export interface PortCall {
  readonly index: number;
  /** e.g. `inventory.write`. */
  readonly name: string;
  readonly at: number;
}

/** Ends a function without giving its code a say. */
export class Crash extends Error {}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

export class Faults {
  readonly calls: PortCall[] = [];
  /** Decides for each call whether and how it fails. */
  plan: (call: PortCall) => Mode | undefined = () => undefined;
  #crashed = false;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new invocation of a function: the crash of the last one is over. */
  newInvocation(): void {
    this.#crashed = false;
  }

  /** The same port, each of whose methods asks the plan first. */
  around<T extends object>(port: string, target: T): T {
    return new Proxy(target, {
      get: (object, key): unknown => {
        const value: unknown = Reflect.get(object, key);
        if (typeof value !== 'function' || typeof key !== 'string') return value;
        // Every method of the ports that are wrapped here is asynchronous.
        const method = value.bind(object) as Method;
        return (...args: readonly unknown[]) => this.#call(`${port}.${key}`, () => method(...args));
      },
    });
  }

  async #call(name: string, run: () => Promise<unknown>): Promise<unknown> {
    if (this.#crashed) throw new Crash(name);
    const call = { index: this.calls.length, name, at: this.#clock.now() };
    this.calls.push(call);
    const mode = this.plan(call);
    if (mode === 'lost' || mode === 'crashAfter') await run();
    if (mode === 'crashBefore' || mode === 'crashAfter') {
      this.#crashed = true;
      throw new Crash(name);
    }
    if (mode === 'throttled') throw new CertvendError('Throttled', `${name}: rate exceeded`);
    if (mode === 'denied') throw new CertvendError('AccessDenied', `${name}: not authorized`);
    if (mode !== undefined) throw new CertvendError('Unavailable', `${name}: no answer`);
    return run();
  }
}

/** The call with this index fails, once. */
export function once(index: number, mode: Mode): Faults['plan'] {
  return (call) => (call.index === index ? mode : undefined);
}
