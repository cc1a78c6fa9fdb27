/** Importing and updating revocation lists. Only lists imported here are ever consulted; distribution points are not. */
import { z } from 'zod';
import { operation } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import type { Platform } from '../../platform.ts';
import { verifySigned } from '../../x509/algorithms.ts';
import { readCrl } from '../../x509/crl.ts';
import type { CrlParts } from '../../x509/crl.ts';
import { fromPem } from '../../x509/pem.ts';
import { invalid, resourceName } from './resources.ts';
import { arnOf, crlDetail, findByArn, findById, newRecord } from './state.ts';
import type { Crl, State, TrustAnchor } from './state.ts';

const maxBytes = LIMITS.crlBytes.value;
const maxPerTrustAnchor = LIMITS.crlsPerTrustAnchor.value;

export function crlOperations(platform: Platform, state: State): Record<string, Operation> {
  return {
    ImportCrl: operation({
      input: z.strictObject({
        name: resourceName,
        crlData: z.base64().min(1),
        trustAnchorArn: z.string(),
        enabled: z.boolean().optional(),
        tags: z
          .array(z.strictObject({ key: z.string(), value: z.string() }))
          .max(200)
          .optional(),
      }),
      needs: () => [{ action: 'rolesanywhere:ImportCrl', resource: '*' }],
      run: (input) => {
        const anchor = findByArn(state.trustAnchors, 'trust anchor', input.trustAnchorArn);
        const list = readVerified(input.crlData, anchor);
        const present = [...state.crls.values()].filter((crl) => crl.trustAnchorArn === anchor.arn);
        if (present.length >= maxPerTrustAnchor) {
          throw invalid(
            `The trust anchor ${anchor.arn} already has ${String(maxPerTrustAnchor)} certificate revocation lists`,
          );
        }
        const record = newRecord(platform, 'crl', input.name, input.enabled ?? false);
        const crl: Crl = { ...record, trustAnchorArn: anchor.arn, data: input.crlData, list };
        state.crls.set(crl.id, crl);
        return { crl: crlDetail(crl) };
      },
    }),
    UpdateCrl: operation({
      input: z.strictObject({
        crlId: z.uuid(),
        name: resourceName.optional(),
        crlData: z.base64().min(1).optional(),
      }),
      needs: (input) => [
        { action: 'rolesanywhere:UpdateCrl', resource: arnOf(platform, 'crl', input.crlId) },
      ],
      run: (input) => {
        const crl = findById(state.crls, 'CRL', input.crlId);
        if (input.crlData !== undefined) {
          crl.list = readVerified(
            input.crlData,
            findByArn(state.trustAnchors, 'trust anchor', crl.trustAnchorArn),
          );
          crl.data = input.crlData;
        }
        crl.name = input.name ?? crl.name;
        crl.updatedAt = platform.clock.now();
        return { crl: crlDetail(crl) };
      },
    }),
    DeleteCrl: operation({
      input: z.strictObject({ crlId: z.uuid() }),
      needs: (input) => [
        { action: 'rolesanywhere:DeleteCrl', resource: arnOf(platform, 'crl', input.crlId) },
      ],
      run: (input) => {
        const crl = findById(state.crls, 'CRL', input.crlId);
        state.crls.delete(crl.id);
        return { crl: crlDetail(crl) };
      },
    }),
  };
}

/** The list out of its PEM, if one of the anchor's certificates signed it. */
export function readVerified(data: string, anchor: TrustAnchor): CrlParts {
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length > maxBytes)
    throw invalid(`crlData: at most ${String(maxBytes)} bytes, got ${String(bytes.length)}`);
  const [der] = fromPem(bytes.toString('latin1'), 'X509 CRL');
  if (der === undefined) throw invalid('The certificate revocation list must be in PEM format');
  const list = parse(der);
  const signed = anchor.certificates.some(
    (certificate) =>
      certificate.subject.raw.equals(list.issuer.raw) && verifySigned(list.signed, certificate.publicKey),
  );
  if (!signed) throw invalid('The certificate revocation list is not signed by the trust anchor');
  return list;
}

function parse(der: Buffer): CrlParts {
  try {
    return readCrl(der);
  } catch (error) {
    throw invalid(
      `The certificate revocation list cannot be read: ${error instanceof Error ? error.message : ''}`,
    );
  }
}
