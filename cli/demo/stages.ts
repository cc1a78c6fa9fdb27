/** The story of the demo, stage by stage. A stage shows what it saw with `say` and throws if it was not as it should be. */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import type { LocalNode } from '../../local-aws/index.ts';
import { countCalls } from './counting.ts';
import { eventually } from './fleet.ts';
import type { Fleet, HostRow } from './fleet.ts';

export interface Stage {
  readonly title: string;
  readonly run: (fleet: Fleet, say: (line: string) => void) => Promise<void>;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export const STAGES: readonly Stage[] = [
  { title: 'Enrol every host by writing a row that holds only its id', run: enrol },
  { title: 'Look at the files of one host', run: lookAtFiles },
  { title: 'Trade its certificate for AWS credentials and use them', run: useCredentials },
  { title: 'Remove expiry and invoke CertCheck-Trigger: a new key, a new certificate', run: rotateByHand },
  { title: 'Move the clock past the renewal time: the whole fleet renews', run: renewFleet },
  {
    title: 'Let one deployment fail its proof: the old pair stays, the next try needs no new certificate',
    run: failProof,
  },
  { title: 'Revoke one certificate: its host is refused, the others are not', run: revoke },
];

const ready = (row: HostRow): boolean => row.status === 'Ready';

async function enrol(fleet: Fleet, say: (line: string) => void): Promise<void> {
  const ids = fleet.nodes.map(({ id }) => id);
  const begun = Date.now();
  await Promise.all(ids.map((id) => fleet.enrol(id)));
  const times = await Promise.all(
    ids.map(async (id) => {
      const [row] = await fleet.until('the first certificate', [id], ready);
      say(`${id}  ${row?.serial ?? ''}  until ${row?.expiry ?? ''}`);
      return Date.now() - begun;
    }),
  );
  const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  say(`row put to certificate in use: median ${(median / 1000).toFixed(1)} s`);
}

async function lookAtFiles(fleet: Fleet, say: (line: string) => void): Promise<void> {
  const node = first(fleet);
  for (const name of [`${node.id}.crt`, `${node.id}.key`, `${node.id}.csr`, 'ca_chain_certificate.crt']) {
    const path = fleet.file(node, name);
    const mode = (lstatSync(realPath(path)).mode & 0o777).toString(8).padStart(4, '0');
    say(`${mode}  /etc/certvend/${name} -> ${readlinkSync(path)}`);
    if (name.endsWith('.key') && mode !== '0400')
      throw new Error(`the private key has mode ${mode}, it must be 0400`);
  }
  await Promise.resolve();
}

async function useCredentials(fleet: Fleet, say: (line: string) => void): Promise<void> {
  const { identity, expiration } = await fleet.earnCredentials(first(fleet));
  say(`sts get-caller-identity: ${identity}`);
  say(`the credentials end at ${expiration}`);
}

async function rotateByHand(fleet: Fleet, say: (line: string) => void): Promise<void> {
  const node = first(fleet);
  const before = await fleet.row(node.id);
  const keyBefore = fileHash(fleet, node);
  await fleet.removeExpiry(node.id);
  say(`CertCheck-Trigger: ${await fleet.check()}`);
  const [after] = await fleet.until(
    'the rotation',
    [node.id],
    (row) => ready(row) && row.serial !== before.serial,
  );
  if (fileHash(fleet, node) === keyBefore) throw new Error('the private key is still the old one');
  say(`serial ${before.serial} -> ${after?.serial ?? ''}, and another private key`);
}

async function renewFleet(fleet: Fleet, say: (line: string) => void): Promise<void> {
  const before = new Map(
    await Promise.all(
      fleet.nodes.map(async ({ id }): Promise<[string, string]> => [id, (await fleet.row(id)).serial]),
    ),
  );
  await fleet.fourDaysPass();
  const callsBefore = (await fleet.aws.calls()).length;
  await fleet.aws.advanceClock(17 * HOUR_MS);
  say('it is four days and 17 hours later: the renewal time has passed');
  const rows = await fleet.until(
    'the renewal',
    [...before.keys()],
    (row) => ready(row) && row.serial !== before.get(row.hostID),
  );
  fleet.renewal = countCalls((await fleet.aws.calls()).slice(callsBefore));
  for (const { hostID, serial, expiry } of rows) say(`${hostID}  ${serial}  until ${expiry}`);
}

async function failProof(fleet: Fleet, say: (line: string) => void): Promise<void> {
  const node = fleet.nodes[1] ?? first(fleet);
  const before = await fleet.row(node.id);
  const keyBefore = fileHash(fleet, node);
  await fleet.aws.control('POST /_local/nodes/state', { id: node.id, failProof: 1 });
  await fleet.removeExpiry(node.id);
  const [failing] = await fleet.until('the failed proof', [node.id], (row) => row.status === 'Failing');
  say(
    `${node.id} is ${failing?.status ?? ''}: ${failing?.statusReason ?? ''}: ${failing?.statusMessage ?? ''}`,
  );
  if (fileHash(fleet, node) !== keyBefore)
    throw new Error('a pair that failed its proof replaced the old one');
  say(`the old pair still works: ${(await fleet.earnCredentials(node)).identity}`);
  const issued = (await fleet.ledger()).find(
    (entry) => entry.hostID === node.id && entry.outcome === 'issued',
  );
  await fleet.aws.advanceClock(31 * MINUTE_MS);
  say('half an hour later');
  const [after] = await fleet.until(
    'the second try',
    [node.id],
    (row) => ready(row) && row.serial !== before.serial,
  );
  if (after?.serial !== issued?.serial)
    throw new Error(
      `the second try deployed ${after?.serial ?? ''} instead of ${issued?.serial ?? 'the certificate it had'}`,
    );
  say(`deployed with the same certificate ${after?.serial ?? ''}`);
  const mail = (await fleet.aws.control('GET /_local/mail')) as { subject?: string }[];
  const told = mail.at(-1)?.subject;
  if (told === undefined) throw new Error('nobody was told of the failure');
  say(`mail to the administrators: "${told}"`);
}

async function revoke(fleet: Fleet, say: (line: string) => void): Promise<void> {
  const node = fleet.nodes.at(-1) ?? first(fleet);
  const { serial } = await fleet.row(node.id);
  await fleet.revoke(serial);
  const refusal = await eventually(
    () =>
      fleet.earnCredentials(node).then(
        () => '',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      ),
    (message) => message !== '',
    () => 'the revoked certificate still earns credentials after a minute',
  );
  if (!refusal.includes('AccessDenied') || !/revoked/i.test(refusal))
    throw new Error(`the session was refused for another reason: ${refusal}`);
  say(`${serial} on ${node.id}: ${refusal.split('\n').at(-1) ?? ''}`);
  await fleet.until('the hold', [node.id], (row) => row.status === 'Revoked');
  for (const other of fleet.nodes.filter(({ id }) => id !== node.id)) await fleet.earnCredentials(other);
  say(`the other ${String(fleet.nodes.length - 1)} hosts still earn credentials`);
}

function first(fleet: Fleet): LocalNode {
  const [node] = fleet.nodes;
  if (node === undefined) throw new Error('the fleet has no host');
  return node;
}

function fileHash(fleet: Fleet, node: LocalNode): string {
  return createHash('sha256')
    .update(readFileSync(fleet.file(node, `${node.id}.key`)))
    .digest('hex');
}

function realPath(path: string): string {
  return `${path.slice(0, path.lastIndexOf('/'))}/${readlinkSync(path)}`;
}
