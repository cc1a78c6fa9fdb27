import { describe, expect, it } from 'vitest';
import { certificateArn, serialFromArn, serialFromHex } from '../../src/core/serial.ts';
import { CA } from '../builders/facts.ts';

describe('serialFromHex', () => {
  it.each([
    ['0a:1b:2c', '0A1B2C'],
    ['a1b', '0A1B'],
    ['00ff', 'FF'],
    ['0f', '0F'],
    ['00', '00'],
  ])('reads %s as %s: upper case, whole bytes, the leading zero of a byte kept', (hex, serial) => {
    expect(serialFromHex(hex)).toBe(serial);
  });
});

describe('serials and ARNs', () => {
  it('name each other', () => {
    expect(serialFromArn(certificateArn(CA, '0A1B2C'))).toBe('0A1B2C');
  });

  it.each([CA, 'arn:aws:acm:us-east-1:123456789012:certificate/0a', `${CA}/certificate/xyz`])(
    'finds no serial in %s',
    (arn) => {
      expect(serialFromArn(arn)).toBeUndefined();
    },
  );
});
