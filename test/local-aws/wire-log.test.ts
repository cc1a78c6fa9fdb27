import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { masked, openWireLog } from '../../local-aws/gateway/wire-log.ts';

const directory = mkdtempSync(join(tmpdir(), 'wire-'));
const file = join(directory, 'wire.jsonl');
afterAll(() => {
  rmSync(directory, { recursive: true });
});

test.each([
  ['{"credentials":{"secretAccessKey":"abc/d+e=","sessionToken":"tok"}}', /abc|tok/],
  [
    String.raw`{"StandardOutputContent":"{\"SecretAccessKey\":\"abcde\",\"SessionToken\":\"abcde\"}"}`,
    /abcde/,
  ],
  ['<SecretAccessKey>abcde</SecretAccessKey><SessionToken>abcde</SessionToken>', /abcde/],
  ['AWS4-HMAC-SHA256 Credential=AK/x, SignedHeaders=host, Signature=abcde0', /abcde0/],
  ['X-Amz-Signature=abcde0&X-Amz-Security-Token=abcde0&x=1', /abcde0/],
  ['-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----', /MHcC/],
  ['{"ActivationCode":"abcde"}', /abcde/],
])('%s loses its secret', (text, secret) => {
  expect(text).toMatch(secret);
  expect(masked(text)).not.toMatch(secret);
});

test('what is no secret stays as it is', () => {
  const text = '{"NextToken":"n","SecretName":"s","Signatures":1,"CertificateArn":"arn"}';
  expect(masked(text)).toBe(text);
});

test('each line is one exchange, for its owner only; a dropped connection is status 0', async () => {
  const log = openWireLog(file, () => 0);
  const request = {
    method: 'POST',
    path: '/',
    query: new URLSearchParams('X-Amz-Signature=abcde0'),
    headers: { authorization: 'AWS4 Signature=abcde0', 'x-amz-security-token': 'abcde0' },
    body: Buffer.from([0xff, 0xfe]),
  };
  await log.record(request, () =>
    Promise.resolve({ status: 200, headers: {}, body: '{"SessionToken":"abcde0"}' }),
  );
  await expect(log.record(request, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  log.close();
  const text = readFileSync(file, 'utf8');
  expect(text).not.toContain('abcde0');
  const lines = text
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(lines).toMatchObject([
    { at: '1970-01-01T00:00:00.000Z', method: 'POST', status: 200, body: '(2 bytes that are no text)' },
    { status: 0, answer: 'lost' },
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a file that cannot be written is one sentence', () => {
  expect(() => openWireLog(join(directory, 'none', 'wire.jsonl'), () => 0)).toThrow(
    /^the wire log .* cannot be written/,
  );
});
