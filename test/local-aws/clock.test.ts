import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { createClock } from '../../local-aws/clock.ts';

const clock = createClock();
afterEach(() => {
  clock.close();
});

const HOUR = 3_600_000;

test('a jump runs every task it passes, once and in the order of their times', () => {
  const ran: string[] = [];
  clock.at(clock.now() + 2 * HOUR, () => ran.push('second'));
  clock.at(clock.now() + HOUR, () => ran.push('first'));
  clock.at(clock.now() + 40 * 24 * HOUR, () => ran.push('never'));
  const cancel = clock.at(clock.now() + HOUR, () => ran.push('cancelled'));
  cancel();
  clock.advance(3 * HOUR);
  expect(ran).toEqual(['first', 'second']);
});

test('a task waits in real time, too, and what is left after a jump is shorter', async () => {
  const ran = new Promise<void>((resolve) => {
    clock.at(clock.now() + HOUR + 30, resolve);
  });
  clock.advance(HOUR);
  await ran;
});

test('time never goes back', () => {
  expect(() => {
    clock.advance(-1);
  }).toThrow('forward');
});

test('a worker thread that installs the Date sees every jump, while explicit dates stay what they are', async () => {
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { installDate } from ${JSON.stringify(new URL('../../local-aws/clock.ts', import.meta.url).href)};
    installDate(workerData);
    parentPort.on('message', () => {
      const fixed = new Date(0);
      parentPort.postMessage({
        now: Date.now(), made: new Date().getTime(), text: Date.parse(Date()), fixed: fixed.getTime(),
        is: fixed instanceof Date && new Date() instanceof Date, utc: Date.UTC(1970, 0, 2),
      });
    });`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    workerData: clock.buffer,
  });
  clock.advance(48 * HOUR);
  const seen = await new Promise<Record<string, number | boolean>>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', resolve);
    worker.postMessage('look');
  });
  await worker.terminate();
  expect(seen).toMatchObject({ fixed: 0, is: true, utc: 24 * HOUR });
  for (const time of ['now', 'made', 'text'])
    expect(Math.abs(Number(seen[time]) - clock.now())).toBeLessThan(2000);
});
