import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { generated, NOTES, README, withGenerated } from '../../local-aws/operations.ts';

let part: string;
beforeAll(async () => {
  part = await generated();
});

test('README.md lists what the local AWS offers; `npx node local-aws/operations.ts` writes it', () => {
  const readme = readFileSync(README, 'utf8');
  expect(readme).toBe(withGenerated(readme, part));
});

test('every service has a note on how faithful it is', () => {
  const scopes = [...part.matchAll(/^### ([a-z0-9-]+)$/gm)].map((match) => match[1]);
  expect(scopes).toEqual(Object.keys(NOTES).sort());
});
