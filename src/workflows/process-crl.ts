/**
 * CRLProcessor: takes the CRL that the CA wrote into Roles Anywhere, which consults only CRLs given to it, and notes in
 * the ledger and the rows what is revoked, so that nothing is reissued by a revocation alone.
 */
import { CertvendError } from '../core/errors.ts';
import { certificateArn } from '../core/serial.ts';
import type { CertificateCodec, CrlFacts } from '../ports/certificate-codec.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Ledger, LedgerEntry } from '../ports/ledger.ts';
import type { CrlObjects, RevocationLists, StoredCrl } from '../ports/revocation-lists.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { eachBounded } from './bounded.ts';

export interface CrlRun {
  readonly ports: {
    readonly inventory: Inventory;
    readonly ledger: Ledger;
    readonly codec: CertificateCodec;
    readonly objects: CrlObjects;
    readonly lists: RevocationLists;
    readonly telemetry: Telemetry;
  };
  readonly certificateAuthorityArn: string;
  readonly trustAnchorArn: string;
  readonly now: number;
}

/** Roles Anywhere takes 300,000 bytes of PEM (rolesanywhere quotas). */
const PEM_MAX = 300_000;
const KEY = /^crl\/[A-Za-z0-9._-]{1,200}\.crl$/;
const WRITES_MAX = 3;

/** A CRL object was created. The object as it is now counts, not the one of the event, so order does not matter. */
export async function processCrl(bucket: string, key: string, run: CrlRun): Promise<void> {
  const { ports } = run;
  if (!KEY.test(key)) {
    ports.telemetry.info('object is no CRL, ignored', { key: key.slice(0, 200) });
    return;
  }
  const der = await ports.objects.get(bucket, key);
  if (der === undefined) return;
  const crl = ports.codec.crl(der);
  await publish(crl, ports.codec.crlToPem(der), run);
  const revoked = crl.entries.map(({ serial, revokedAt }) => ({
    arn: certificateArn(run.certificateAuthorityArn, serial),
    revokedAt,
  }));
  await noteRevoked(revoked, run);
}

/** The CA says that a certificate was revoked, half an hour before its CRL says so. */
export async function processRevocation(arn: string, run: CrlRun): Promise<void> {
  if (!arn.startsWith(`${run.certificateAuthorityArn}/certificate/`)) return;
  await noteRevoked([{ arn, revokedAt: run.now }], run);
}

/** Import once, then update: a trust anchor has room for two CRLs. One of the same issuer is adopted, whoever imported it. */
async function publish(crl: CrlFacts, pem: string, { ports, trustAnchorArn }: CrlRun): Promise<void> {
  if (pem.length > PEM_MAX) {
    throw new CertvendError(
      'InvalidCrl',
      `the CRL has ${String(pem.length)} bytes as PEM, Roles Anywhere takes ${String(PEM_MAX)}: issue from a new CA`,
    );
  }
  const ofAnchor = (await ports.lists.list()).filter((stored) => stored.trustAnchorArn === trustAnchorArn);
  const existing = ofAnchor.find((stored) => readStored(stored, ports.codec)?.issuer === crl.issuer);
  if (existing === undefined) {
    await ports.lists.import(pem);
  } else {
    const before = readStored(existing, ports.codec);
    if (before === undefined || crl.number > before.number) await ports.lists.update(existing, pem);
    if (!existing.enabled) await ports.lists.enable(existing.id);
  }
  ports.telemetry.info('CRL in force', { number: String(crl.number), entries: crl.entries.length });
}

function readStored({ data }: StoredCrl, codec: CertificateCodec): CrlFacts | undefined {
  try {
    const text = Buffer.from(data).toString('latin1');
    return codec.crl(text.startsWith('-----BEGIN') ? codec.crlFromPem(text) : data);
  } catch {
    // Another CRL under this anchor that we cannot read is not ours to touch.
    return undefined;
  }
}

async function noteRevoked(
  revoked: readonly { readonly arn: string; readonly revokedAt: number }[],
  run: CrlRun,
): Promise<void> {
  const times = new Map(revoked.map(({ arn, revokedAt }) => [arn, revokedAt]));
  const arns = [...times.keys()];
  for (let from = 0; from < arns.length; from += 1000) {
    const entries = await run.ports.ledger.getMany(arns.slice(from, from + 1000));
    const news = entries.filter((entry) => entry.revokedAt === undefined);
    await eachBounded(news, 10, (entry) => noteOne(entry, times.get(entry.certificateArn) ?? run.now, run));
  }
}

/** Row first, ledger second: an entry that is noted in the ledger is not looked at again. */
async function noteOne(entry: LedgerEntry, revokedAt: number, { ports, now }: CrlRun): Promise<void> {
  for (let tries = 0; tries < WRITES_MAX; tries += 1) {
    const facts = await ports.inventory.get(entry.hostId);
    if (facts?.certificate?.arn !== entry.certificateArn || facts.certificate.revokedAt !== undefined) break;
    if (
      (await ports.inventory.write(
        facts,
        { revokedAt, ...(facts.attempt === undefined ? { nextCheckAt: null } : {}) },
        now,
      )) !== undefined
    )
      break;
    if (tries === WRITES_MAX - 1)
      throw new CertvendError(
        'Unavailable',
        `the row of ${entry.hostId} keeps changing; the revocation is noted when the event comes again`,
      );
  }
  await ports.ledger.noteRevoked(entry.certificateArn, revokedAt);
  ports.telemetry.count('RevokedCertificates');
}
