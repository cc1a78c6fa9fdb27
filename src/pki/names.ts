import type { Name } from '@peculiar/x509';
import type { NamePart } from '../core/issuance-policy.ts';

/** All attributes of a distinguished name in order, also those of multi-valued RDNs. */
export function nameParts(name: Name): NamePart[] {
  return name
    .toJSON()
    .flatMap((rdn) =>
      Object.entries(rdn).flatMap(([type, values]) => values.map((value) => ({ type, value }))),
    );
}
