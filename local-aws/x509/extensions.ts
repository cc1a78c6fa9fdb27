/** The extensions that AWS Private CA writes, and the two that IAM Roles Anywhere reads. */
import { extensionIds, keyIdentifier, keyUsageBits } from './certificate.ts';
import type { CertificateParts, Extension, KeyUsage } from './certificate.ts';
import * as der from './der.ts';

export function basicConstraints(ca: boolean): Extension {
  return {
    id: extensionIds.basicConstraints,
    critical: ca,
    value: der.sequence(...(ca ? [der.boolean(true)] : [])),
  };
}

export function keyUsage(...usages: readonly KeyUsage[]): Extension {
  const positions = usages.map((usage) => keyUsageBits[usage]);
  const bits = positions.reduce<number>((sum, position) => sum | (0x80 >> position), 0);
  return {
    id: extensionIds.keyUsage,
    critical: true,
    value: der.bitString(Buffer.from([bits]), 7 - Math.max(...positions)),
  };
}

export function extendedKeyUsage(...purposes: readonly string[]): Extension {
  return {
    id: extensionIds.extendedKeyUsage,
    critical: false,
    value: der.sequence(...purposes.map(der.oid)),
  };
}

export function subjectKeyIdentifier(publicKeyInfo: Buffer): Extension {
  return {
    id: extensionIds.subjectKeyIdentifier,
    critical: false,
    value: der.octetString(keyIdentifier(publicKeyInfo)),
  };
}

export function authorityKeyIdentifier(issuerKeyInfo: Buffer): Extension {
  const value = der.sequence(der.tlv(0x80, keyIdentifier(issuerKeyInfo)));
  return { id: extensionIds.authorityKeyIdentifier, critical: false, value };
}

export function crlDistributionPoint(url: string): Extension {
  const fullName = der.explicit(0, der.explicit(0, der.tlv(0x86, Buffer.from(url))));
  return {
    id: extensionIds.crlDistributionPoints,
    critical: false,
    value: der.sequence(der.sequence(fullName)),
  };
}

/** Whether the certificate carries KeyUsage with this bit. */
export function hasKeyUsage(certificate: CertificateParts, usage: KeyUsage): boolean {
  const found = certificate.extensions.find((extension) => extension.id === extensionIds.keyUsage);
  const bits = found === undefined ? 0 : (der.readDer(found.value).content[1] ?? 0);
  return (bits & (0x80 >> keyUsageBits[usage])) !== 0;
}

/** The CA flag of BasicConstraints; undefined without the extension. */
export function isAuthority(certificate: CertificateParts): boolean | undefined {
  const found = certificate.extensions.find((extension) => extension.id === extensionIds.basicConstraints);
  if (found === undefined) return undefined;
  const [flag] = der.children(der.readDer(found.value));
  return flag?.tag === der.Tag.boolean && flag.content[0] === 0xff;
}
