/** Real material by the openssl command, which is the judge of our reading. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Workshop {
  /** Runs openssl in the workshop's folder; returns standard output. */
  openssl(...args: string[]): string;
  read(name: string): string;
  readBytes(name: string): Buffer;
  write(name: string, text: string): void;
  close(): void;
}

export function openWorkshop(): Workshop {
  const directory = mkdtempSync(join(tmpdir(), 'certvend-pki-'));
  return {
    openssl: (...args) =>
      execFileSync('openssl', args, {
        cwd: directory,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    read: (name) => readFileSync(join(directory, name), 'utf8'),
    readBytes: (name) => readFileSync(join(directory, name)),
    write: (name, text) => {
      writeFileSync(join(directory, name), text);
    },
    close: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A key and a CSR with this subject; further arguments go to `openssl req`. Returns the CSR's PEM. */
export function makeCsr(
  workshop: Workshop,
  subject: string,
  key: readonly string[] = ['rsa:2048'],
  ...more: string[]
): string {
  const [algorithm = 'rsa:2048', ...options] = key;
  workshop.openssl(
    'req',
    '-new',
    '-newkey',
    algorithm,
    ...options,
    '-nodes',
    '-keyout',
    'host.key',
    '-out',
    'host.csr',
    '-subj',
    subject,
    ...more,
  );
  return workshop.read('host.csr');
}
