/** Virtual time: what is to happen when. Nothing waits; a day passes in as many steps as things happen in it. */
import type { Clock } from '../../src/ports/clock.ts';

export class Agenda implements Clock {
  #now: number;
  /** Ascending by time; equal times in the order in which they were entered. */
  readonly #entries: { readonly at: number; readonly task: () => Promise<void> | void }[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  in(seconds: number, task: () => Promise<void> | void): void {
    const at = this.#now + Math.max(0, seconds);
    let place = this.#entries.length;
    while (place > 0 && (this.#entries[place - 1]?.at ?? 0) > at) place -= 1;
    this.#entries.splice(place, 0, { at, task });
  }

  /** Lets this many seconds pass. */
  async run(seconds: number): Promise<void> {
    const end = this.#now + seconds;
    for (;;) {
      const [next] = this.#entries;
      if (next === undefined || next.at > end) break;
      this.#entries.shift();
      this.#now = Math.max(this.#now, next.at);
      await next.task();
    }
    this.#now = end;
  }
}
