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
const KEY = /^crl\/([A-Za-z0-9-]{1,64})[A-Za-z0-9._-]{0,136}\.crl$/;
/** Room for CRLs under one trust anchor (rolesanywhere quotas, cannot be raised). */
const LISTS_MAX = 2;
const WRITES_MAX = 3;
const READS_MAX = 3;

/**
 * A CRL object was created, or it is time for the daily look. The object as it is now counts, not the one of the event, so
 * order does not matter; one that is replaced meanwhile is read again, lest an older list be written over a newer one.
 */
export async function processCrl(bucket: string, key: string, run: CrlRun): Promise<void> {
  const { ports } = run;
  const authority = run.certificateAuthorityArn.split('/').at(-1);
  if (authority === undefined || KEY.exec(key)?.[1] !== authority) {
    ports.telemetry.info('object is no CRL of our authority, ignored', { key: key.slice(0, 200) });
    return;
  }
  let der = await ports.objects.get(bucket, key);
  for (let reads = 1; der !== undefined && reads <= READS_MAX; reads += 1) {
    await takeOver(der, run);
    const now = await ports.objects.get(bucket, key);
    if (now === undefined || Buffer.compare(now, der) === 0) return;
    der = now;
  }
}

async function takeOver(der: Uint8Array, run: CrlRun): Promise<void> {
  const { codec } = run.ports;
  const crl = codec.crl(der);
  await publish(crl, codec.crlToPem(der), run);
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
    if (ofAnchor.length >= LISTS_MAX) throw noRoom(ofAnchor);
    await ports.lists.import(pem);
  } else {
    const before = readStored(existing, ports.codec);
    if (before === undefined || crl.number > before.number) await ports.lists.update(existing, pem);
    if (!existing.enabled) await ports.lists.enable(existing.id);
  }
  ports.telemetry.info('CRL in force', { number: String(crl.number), entries: crl.entries.length });
}

function noRoom(stored: readonly StoredCrl[]): CertvendError {
  const names = stored.map(({ id, name }) => `${id} (${name})`).join(' and ');
  return new CertvendError(
    'Unavailable',
    `the trust anchor has the CRLs ${names}, none of our authority, and no room for a third: delete one (aws rolesanywhere delete-crl)`,
  );
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
