/** A certificate signing request from openssl, as a host would make it. */
import { execFileSync } from 'node:child_process';

export function newRequest(commonName: string): string {
  const args = [
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    '/dev/null',
    '-subj',
    `/CN=${commonName}`,
  ];
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
