/** Whether a certificate may authenticate: its own rules, its dates, its path to the trust anchor, and revocation. */
import { verifySigned } from '../../x509/algorithms.ts';
import type { CertificateParts } from '../../x509/certificate.ts';
import { hasKeyUsage, isAuthority } from '../../x509/extensions.ts';
import { denied } from './signature.ts';
import type { State, TrustAnchor } from './state.ts';

/** Throws AccessDeniedException unless the certificate is good for this trust anchor now. */
export function requireTrusted(
  state: State,
  anchor: TrustAnchor,
  certificate: CertificateParts,
  intermediates: readonly CertificateParts[],
  now: number,
): void {
  requireEndEntity(certificate);
  const path = pathToAnchor(anchor, certificate, intermediates);
  for (const member of path) {
    if (now < member.notBefore) throw denied('Untrusted certificate. The certificate is not yet valid');
    if (now > member.notAfter + 999) throw denied('Untrusted certificate. The certificate has expired');
  }
  for (const member of path) requireNotRevoked(state, anchor, member);
}

function requireEndEntity(certificate: CertificateParts): void {
  if (certificate.version !== 3) throw denied('Untrusted certificate. Not an X.509 version 3 certificate');
  if (certificate.subject.content.length === 0) throw denied('Untrusted certificate. The subject is empty');
  if (isAuthority(certificate) === true)
    throw denied('Untrusted certificate. Incorrect basic constraints for end entity certificate');
  if (!hasKeyUsage(certificate, 'digitalSignature'))
    throw denied('Untrusted certificate. Incorrect key usage for end entity certificate');
}

/** The certificate, its intermediates in order, and the anchor's certificate. */
function pathToAnchor(
  anchor: TrustAnchor,
  leaf: CertificateParts,
  intermediates: readonly CertificateParts[],
): CertificateParts[] {
  const path = [leaf];
  const unused = new Set(intermediates);
  for (let current = leaf; ;) {
    const issued = (issuer: CertificateParts) =>
      issuer.subject.raw.equals(current.issuer.raw) && verifySigned(current.signed, issuer.publicKey);
    const root = anchor.certificates.find(issued);
    if (root !== undefined) return [...path, root];
    const next = [...unused].find(
      (issuer) => isAuthority(issuer) === true && hasKeyUsage(issuer, 'keyCertSign') && issued(issuer),
    );
    if (next === undefined) throw denied('Untrusted signing certificate');
    unused.delete(next);
    path.push(next);
    current = next;
  }
}

function requireNotRevoked(state: State, anchor: TrustAnchor, certificate: CertificateParts): void {
  for (const crl of state.crls.values()) {
    if (!crl.enabled || crl.trustAnchorArn !== anchor.arn) continue;
    const listed =
      crl.list.issuer.raw.equals(certificate.issuer.raw) &&
      crl.list.serials.has(certificate.serial.toString('hex'));
    if (listed) throw denied('Certificate revoked');
  }
}
