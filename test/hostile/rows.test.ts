import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRow, writeRow } from '../../src/aws/inventory-row.ts';
import { decide } from '../../src/core/decide.ts';
import { ADMINISTRATOR_ATTRIBUTES, HOST_ID } from '../../src/core/host-request.ts';
import { statusOf } from '../../src/core/status.ts';
import { fail } from '../../src/core/transitions.ts';
import { CA, DEFAULTS, HOST, NOW, POLICY } from '../builders/facts.ts';
import { HOSTILE_TEXTS, hostileText, hostileValue } from './corpus.ts';

const OURS = [
  'expiry',
  'serial',
  'certificate',
  'attempt',
  'failure',
  'recovery',
  'issuances',
  'revision',
  'nextCheckAt',
  'checkShard',
  'disabled',
];
/** What a command document takes: no blank, no quote, no shell metacharacter. */
const HARMLESS = /^[A-Za-z0-9:_.@/-]*$/;

describe('rows', () => {
  it.each(HOSTILE_TEXTS.map((text) => [JSON.stringify(text).slice(0, 40), text]))(
    'with the host id %s are held and named',
    (_shown, hostId) => {
      const facts = readRow({ hostID: hostId }, DEFAULTS, CA);
      expect(decide(facts, NOW, POLICY)).toMatchObject({ action: 'hold', reason: 'InvalidRow' });
      expect(facts.problems[0]?.length).toBeLessThan(300);
    },
  );

  it('of any content are read, decided and given a status, and never let a hostile text near a command', () => {
    const row = fc.dictionary(fc.constantFrom(...ADMINISTRATOR_ATTRIBUTES, ...OURS, 'color'), hostileValue, {
      maxKeys: 8,
    });
    fc.assert(
      fc.property(fc.oneof(fc.constant(HOST), hostileText), row, (hostID, attributes) => {
        const facts = readRow({ ...attributes, hostID }, DEFAULTS, CA);
        const decision = decide(facts, NOW, POLICY);
        statusOf(facts, NOW);
        for (const value of Object.values(facts.deployment)) expect(String(value)).toMatch(HARMLESS);
        if (decision.action !== 'hold') expect(facts.hostId).toMatch(HOST_ID);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keep every attribute of the administrator: a write names none of them', () => {
    const facts = readRow({ hostID: HOST, owner: ';' }, DEFAULTS, CA);
    const { set, remove } = writeRow(
      facts,
      fail(facts, { step: 'row', reason: 'InvalidRow', message: 'x' }, POLICY, NOW),
      'r',
      NOW,
    );
    const written = [...Object.keys(set), ...remove];
    expect(
      written.filter(
        (name) => name === 'hostID' || ADMINISTRATOR_ATTRIBUTES.some((theirs) => theirs === name),
      ),
    ).toEqual([]);
  });

  it('come back as they were written', () => {
    const facts = readRow({ hostID: HOST }, DEFAULTS, CA);
    const change = fail(facts, { step: 'csr', reason: 'ClockWrong', message: 'late' }, POLICY, NOW);
    const { set } = writeRow(facts, change, 'r', NOW);
    expect(readRow({ hostID: HOST, ...set }, DEFAULTS, CA).failure).toEqual(change.failure);
  });
});
