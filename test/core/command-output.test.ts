import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsrOutput, readDeploymentOutput } from '../../src/core/command-output.ts';
import { ATTEMPT, HOST } from '../builders/facts.ts';

const framed = (result: object): string =>
  `-----BEGIN CERTVEND RESULT-----\n${JSON.stringify({ attempt: ATTEMPT, hostId: HOST, ...result })}\n-----END CERTVEND RESULT-----\n`;
const GOOD = framed({ ok: true, csr: Buffer.from('PEM').toString('base64') });

describe('readCsrOutput', () => {
  it('reads the CSR among noise', () => {
    expect(readCsrOutput(`motd\n${GOOD}bye`, ATTEMPT, HOST)).toEqual({ ok: true, csr: 'PEM' });
  });

  it.each([
    ['nothing', ''],
    ['a cut output', GOOD.slice(0, -10)],
    ['noise of 24,000 characters', 'x'.repeat(24_000)],
    ['two results', GOOD + GOOD],
    ['no JSON', GOOD.replace('{', '[')],
    ['another attempt', GOOD.replace(ATTEMPT, '01JD00000000000000000000ZZ')],
    ['another host', GOOD.replace(HOST, 'mi-00000000000000000')],
    ['a CSR that is not base64', framed({ ok: true, csr: '$(id)' })],
    ['swapped markers', '-----END CERTVEND RESULT-----\n-----BEGIN CERTVEND RESULT-----'],
  ])('refuses %s', (_what, stdout) => {
    expect(readCsrOutput(stdout, ATTEMPT, HOST).ok).toBe('unreadable');
  });

  it('passes on why the host failed, in printable ASCII only', () => {
    const output = readCsrOutput(
      framed({ ok: false, step: 'preflight', reason: 'HelperMissing', message: 'no helper\u001b[31m' }),
      ATTEMPT,
      HOST,
    );
    expect(output).toEqual({
      ok: false,
      step: 'preflight',
      reason: 'HelperMissing',
      message: 'no helper [31m',
    });
  });

  it('takes no reason that is not a constant', () => {
    expect(readCsrOutput(framed({ ok: false, reason: '<script>' }), ATTEMPT, HOST)).toMatchObject({
      reason: 'CommandFailed',
    });
  });

  it('answers for any text at all', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readCsrOutput(text, ATTEMPT, HOST).ok).toBe('unreadable');
      }),
    );
  });
});

describe('readDeploymentOutput', () => {
  it('reads serial and reload', () => {
    expect(readDeploymentOutput(framed({ ok: true, serial: '0A1B', reload: 'none' }), ATTEMPT, HOST)).toEqual(
      { ok: true, serial: '0A1B', reload: 'none' },
    );
  });

  it.each([{ serial: '0a1b', reload: 'none' }, { serial: '0A1B' }, { reload: 'done' }])(
    'refuses %j',
    (result) => {
      expect(readDeploymentOutput(framed({ ok: true, ...result }), ATTEMPT, HOST).ok).toBe('unreadable');
    },
  );
});
