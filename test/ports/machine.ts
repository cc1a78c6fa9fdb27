/** What stands on the disk of a host, and what the two host scripts make of it (ssm-documents/scripts), in a few lines. */
import { csrText, publicKeyHash } from './certificates.ts';
import type { CertificateFacts } from '../../src/core/issuance-policy.ts';
import type { CommandName } from '../../src/ports/host-commands.ts';

export interface Generation {
  readonly attempt: string;
  readonly serial: string;
  readonly key: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Everything a reimage destroys. */
export interface Disk {
  readonly staged: Map<string, string>;
  current?: Generation;
}

export interface Trouble {
  readonly reason: string;
  readonly message: string;
}

type Parameters = Readonly<Record<string, string>>;
export type Answer = { readonly ok: true; readonly fields: object } | ({ readonly ok: false } & Trouble);

export const newDisk = (): Disk => ({ staged: new Map() });

export function runScript(
  name: CommandName,
  disk: Disk,
  parameters: Parameters,
  newKey: () => string,
): Answer {
  const attempt = parameters['Attempt'] ?? '';
  if (disk.current !== undefined && disk.current.attempt > attempt)
    return trouble('AttemptSuperseded', 'a newer generation is in use');
  return name === 'GenerateCsr'
    ? generate(disk, attempt, parameters, newKey)
    : deploy(disk, attempt, parameters);
}

function generate(disk: Disk, attempt: string, parameters: Parameters, newKey: () => string): Answer {
  const key = disk.staged.get(attempt) ?? newKey();
  for (const older of disk.staged.keys()) if (older < attempt) disk.staged.delete(older);
  disk.staged.set(attempt, key);
  const csr = Buffer.from(csrText(parameters['HostId'] ?? '', key)).toString('base64');
  return { ok: true, fields: { csr, openssl: '3.0.19', helper: 'present' } };
}

function deploy(disk: Disk, attempt: string, parameters: Parameters): Answer {
  const pem = Buffer.from(parameters['Certificate'] ?? '', 'base64').toString('utf8');
  // Signed by the CA in memory.
  const { serial, publicKeyHash: hash } = JSON.parse(pem) as CertificateFacts;
  const staged = disk.staged.get(attempt);
  if (staged !== undefined && publicKeyHash(staged) !== hash)
    return trouble('KeyMismatch', 'the certificate is not for the key of this attempt');
  const inUse =
    disk.current !== undefined && publicKeyHash(disk.current.key) === hash ? disk.current.key : undefined;
  const key = staged ?? inUse;
  if (key === undefined) return trouble('KeyMissing', 'this host has no key for the certificate');
  const again = disk.current?.attempt === attempt;
  disk.current = { attempt, serial, key, parameters };
  disk.staged.clear();
  const reload = parameters['ReloadUnit'] === '' ? 'none' : 'done';
  return {
    ok: true,
    fields: { outcome: again ? 'alreadyDeployed' : 'deployed', serial, validated: true, reload },
  };
}

export function resultText(attempt: string, hostId: string, answer: Answer): string {
  const common = { attempt, hostId, ok: answer.ok };
  const line = answer.ok
    ? { ...common, ...answer.fields }
    : { ...common, step: 'preflight', reason: answer.reason, message: answer.message };
  return `-----BEGIN CERTVEND RESULT-----\n${JSON.stringify(line)}\n-----END CERTVEND RESULT-----\n`;
}

const trouble = (reason: string, message: string): Answer => ({ ok: false, reason, message });
