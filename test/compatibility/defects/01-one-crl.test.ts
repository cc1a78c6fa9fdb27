/** The sample imported every CRL: the third was refused, because a trust anchor takes two. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ACMPCAClient, IssueCertificateCommand } from '@aws-sdk/client-acm-pca';
import {
  DeleteCrlCommand,
  DisableCrlCommand,
  ImportCrlCommand,
  ListCrlsCommand,
  RolesAnywhereClient,
} from '@aws-sdk/client-rolesanywhere';
import type { CrlDetail } from '@aws-sdk/client-rolesanywhere';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../cli/demo/fleet.ts';
import type { Fleet } from '../../../cli/demo/fleet.ts';
import { Administrator } from '../../e2e/administrator.ts';
import { startFleet } from '../../e2e/fleet.ts';

/** Calls about CRLs are limited to one per second. */
const SLOWLY = { interval: 2_500, timeout: 30_000 };

let fleet: Fleet;
let admin: Administrator;
let authority: ACMPCAClient;
let rolesAnywhere: RolesAnywhereClient;

beforeAll(async () => {
  fleet = await startFleet(1);
  admin = new Administrator(fleet.aws, fleet.outputs);
  const { endpoint, region } = fleet.aws;
  const client = { endpoint, region, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  authority = new ACMPCAClient(client);
  rolesAnywhere = new RolesAnywhereClient({ ...client, maxAttempts: 10 });
});
afterAll(() => fleet.aws.close());

/** A certificate that the CA issues for anybody; the CRL does not care whose it is. */
async function issued(): Promise<string> {
  const subject = ['-subj', '/CN=somebody', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const { stdout } = await promisify(execFile)('openssl', [
    'req',
    '-new',
    '-nodes',
    ...subject,
    '-keyout',
    '/dev/null',
  ]);
  const { CertificateArn = '' } = await authority.send(
    new IssueCertificateCommand({
      CertificateAuthorityArn: fleet.outputs['PCAARN'],
      Csr: Buffer.from(stdout),
      SigningAlgorithm: 'SHA256WITHRSA',
      TemplateArn: 'arn:aws:acm-pca:::template/EndEntityClientAuthCertificate/V1',
      Validity: { Type: 'DAYS', Value: 1 },
    }),
  );
  return CertificateArn.slice(CertificateArn.lastIndexOf('/') + 1).toUpperCase();
}

async function inForce(): Promise<{ crl: CrlDetail | undefined; serials: string; count: number }> {
  const { crls = [] } = await rolesAnywhere.send(new ListCrlsCommand({}));
  const [crl] = crls;
  if (crl?.crlData === undefined) return { crl, serials: '', count: crls.length };
  const run = promisify(execFile)('openssl', ['crl', '-noout', '-text']);
  run.child.stdin?.end(Buffer.from(crl.crlData));
  return { crl, serials: (await run).stdout, count: crls.length };
}

/** Revokes a certificate and waits until Roles Anywhere knows of it. */
async function revokeAndSee(): Promise<CrlDetail | undefined> {
  const serial = await issued();
  const before = await changes();
  const revoke = (): Promise<boolean> =>
    admin.revoke(serial).then(
      () => true,
      () => false,
    );
  await eventually(revoke, Boolean, () => `${serial} was not issued`);
  // Asking Roles Anywhere again and again would take from the quota that CRLProcessor needs.
  await eventually(
    changes,
    (now) => now > before,
    () => 'CRLProcessor changed nothing',
  );
  await expect
    .poll(inForce, SLOWLY)
    .toMatchObject({ crl: { enabled: true }, serials: expect.stringContaining(serial) as string });
  return (await inForce()).crl;
}

/** How often CRLProcessor changed the CRL in Roles Anywhere. */
const changes = async (): Promise<number> =>
  (await callsOf('ImportCrl')) + (await callsOf('UpdateCrl')) + (await callsOf('EnableCrl'));

const callsOf = async (operation: string): Promise<number> =>
  (await fleet.aws.calls()).filter(
    ({ operation: made, caller, status }) =>
      made === operation && /crlprocessor/i.test(caller) && status < 300,
  ).length;

describe('defect 1: ImportCrl for every CRL', () => {
  it('imports the first and updates it ever after', async () => {
    for (let times = 0; times < 3; times += 1) await revokeAndSee();
    expect((await inForce()).count).toBe(1);
    expect(await callsOf('ImportCrl')).toBe(1);
    expect(await callsOf('UpdateCrl')).toBeGreaterThanOrEqual(2);
  });

  it('adopts one that somebody imported by hand, enabled or not', async () => {
    const { crl } = await inForce();
    await rolesAnywhere.send(new DeleteCrlCommand({ crlId: crl?.crlId }));
    const { crl: imported } = await rolesAnywhere.send(
      new ImportCrlCommand({
        name: 'by-hand',
        crlData: crl?.crlData,
        trustAnchorArn: fleet.outputs['IAMRATrustAnchorARN'],
        enabled: true,
      }),
    );
    await rolesAnywhere.send(new DisableCrlCommand({ crlId: imported?.crlId }));
    expect((await revokeAndSee())?.crlId).toBe(imported?.crlId);
    expect(await callsOf('ImportCrl')).toBe(1);
  });
});
