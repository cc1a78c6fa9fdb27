/** X.500 names: written from the members AWS uses, read into the attribute names that IAM Roles Anywhere uses. */
import { child, children, oid, readOid, sequence, set, Tag, tlv } from './der.ts';
import type { DerValue } from './der.ts';

/** OID → short name, in the order in which AWS Private CA writes a subject. */
const attributeNames: readonly (readonly [oid: string, short: string])[] = [
  ['2.5.4.6', 'C'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.46', 'dnQualifier'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.3', 'CN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.7', 'L'],
  ['2.5.4.12', 'title'],
  ['2.5.4.4', 'SN'],
  ['2.5.4.42', 'GN'],
];

export interface Attribute {
  readonly type: string;
  readonly value: string;
}

/** Writes a name with one attribute per RDN. Country and serial number are PrintableString, the rest UTF8String. */
export function writeName(attributes: Readonly<Record<string, string>>): Buffer {
  const written = attributeNames.flatMap(([id, short]) => {
    const value = attributes[short];
    if (value === undefined) return [];
    const tag =
      short === 'C' || short === 'serialNumber' || short === 'dnQualifier'
        ? Tag.printableString
        : Tag.utf8String;
    return [set(sequence(oid(id), tlv(tag, Buffer.from(value, 'utf8'))))];
  });
  return sequence(...written);
}

/** All attributes in certificate order; an unknown type keeps its dotted OID. */
export function readName(name: DerValue): Attribute[] {
  const short = new Map(attributeNames);
  return children(name).flatMap((rdn) =>
    children(rdn).map((pair) => {
      const type = readOid(child(pair, 0));
      return { type: short.get(type) ?? type, value: child(pair, 1).content.toString('utf8') };
    }),
  );
}
