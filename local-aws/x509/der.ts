/** Just enough DER to write and read certificates, requests and revocation lists. openssl judges the result in the tests. */

export interface DerValue {
  readonly tag: number;
  /** Tag, length and content, exactly as read. */
  readonly raw: Buffer;
  readonly content: Buffer;
}

export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export class DerError extends Error {}

/** Reads the one value that fills the buffer. */
export function readDer(bytes: Buffer): DerValue {
  const values = readAll(bytes);
  const [first] = values;
  if (first === undefined || values.length > 1) throw new DerError('expected exactly one DER value');
  return first;
}

/** Reads the values inside a constructed value. */
export function children(value: DerValue): DerValue[] {
  return readAll(value.content);
}

/** The child at `index`; a missing one is an error of the encoding. */
export function child(value: DerValue, index: number): DerValue {
  const found = children(value)[index];
  if (found === undefined) throw new DerError(`DER value has no child ${String(index)}`);
  return found;
}

function readAll(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const start = offset;
    const tag = bytes[offset++] ?? 0;
    let length = bytes[offset++] ?? Number.NaN;
    if (length === 0x80) throw new DerError('indefinite length is not DER');
    if (length > 0x80) {
      const count = length - 0x80;
      if (count > 4 || offset + count > bytes.length) throw new DerError('bad DER length');
      length = bytes.readUIntBE(offset, count);
      offset += count;
    }
    const end = offset + length;
    if (!(end <= bytes.length)) throw new DerError('DER value runs past the end');
    values.push({ tag, raw: bytes.subarray(start, end), content: bytes.subarray(offset, end) });
    offset = end;
  }
  return values;
}

export function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const hex = content.length.toString(16);
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 + length.length]), length, content]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => tlv(Tag.sequence, ...parts);
export const set = (...parts: readonly Buffer[]): Buffer => tlv(Tag.set, ...parts);
export const octetString = (content: Buffer): Buffer => tlv(Tag.octetString, content);
export const boolean = (value: boolean): Buffer => tlv(Tag.boolean, Buffer.from([value ? 0xff : 0]));
export const bitString = (content: Buffer, unusedBits = 0): Buffer =>
  tlv(Tag.bitString, Buffer.from([unusedBits]), content);
/** Context-specific, constructed: `[number] EXPLICIT`. */
export const explicit = (number: number, ...parts: readonly Buffer[]): Buffer => tlv(0xa0 + number, ...parts);

/** A non-negative integer from its big-endian bytes. */
export function integer(value: Buffer | number): Buffer {
  let bytes = typeof value === 'number' ? Buffer.from(evenHex(value.toString(16)), 'hex') : value;
  while (bytes.length > 1 && bytes[0] === 0 && (bytes[1] ?? 0) < 0x80) bytes = bytes.subarray(1);
  return tlv(Tag.integer, ...((bytes[0] ?? 0) >= 0x80 ? [Buffer.from([0])] : []), bytes);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let high = arc >>> 7; high > 0; high >>>= 7) groups.unshift((high & 0x7f) | 0x80);
    return groups;
  });
  return tlv(Tag.oid, Buffer.from(bytes));
}

export function readOid(value: DerValue): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

/** UTCTime up to 2049, GeneralizedTime from 2050, as RFC 5280 wants. Whole seconds. */
export function time(atMs: number): Buffer {
  const digits = new Date(atMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  const year = Number(digits.slice(0, 4));
  return year < 2050
    ? tlv(Tag.utcTime, Buffer.from(digits.slice(2)))
    : tlv(Tag.generalizedTime, Buffer.from(digits));
}

/** Milliseconds since the epoch. */
export function readTime(value: DerValue): number {
  const text = value.content.toString('latin1');
  const digits = value.tag === Tag.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (parts === null) throw new DerError(`bad DER time ${text}`);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

export function evenHex(hex: string): string {
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}
