/** What an application sees at the public names, judged by node:crypto instead of the scripts' own tools. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { TestCa } from './test-ca.ts';
import { HOST_ID, attempt } from './test-host.ts';
import type { Parameters, Run, TestHost } from './test-host.ts';

export interface Pair {
  readonly serial: string;
  readonly commonName: string;
  readonly matches: boolean;
  readonly key: string;
  readonly certificate: string;
}

/** Reads the public names; throws where one of them is missing. */
export function pairOf(host: TestHost, directory = '/etc/certvend', keyDirectory = directory): Pair {
  const certificate = host.text(`${directory}/${HOST_ID}.crt`);
  const key = host.text(`${keyDirectory}/${HOST_ID}.key`);
  const parsed = new X509Certificate(certificate);
  return {
    serial: parsed.serialNumber,
    commonName: parsed.subject,
    matches: parsed.checkPrivateKey(createPrivateKey(key)),
    key,
    certificate,
  };
}

/** A whole rotation; answers with the deployment's run. */
export async function rotate(
  host: TestHost,
  ca: TestCa,
  number: number,
  changes: Parameters = {},
): Promise<Run> {
  const Attempt = attempt(number);
  const request = await host.run('GenerateCsr', { ...pick(changes, SHARED), Attempt });
  if (request.result['ok'] !== true) throw new Error(`GenerateCsr: ${request.stdout}${request.stderr}`);
  return host.run('DeployCertificate', { ...changes, Attempt, ...(await ca.issue(csrOf(request))) });
}

export function csrOf(run: Run): string {
  return String(run.result['csr']);
}

const SHARED = [
  'CertPath',
  'KeyPath',
  'CsrPath',
  'CaCertPath',
  'SigningHelperPath',
  'Validation',
  'Owner',
  'Group',
  'RequestedAt',
];

function pick(parameters: Parameters, names: readonly string[]): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => names.includes(name)));
}
