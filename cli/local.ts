/** `npm run local -- [--port N] [--hosts N]`: an AWS on this machine with certvend deployed in it, until Ctrl-C. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLocalAws } from '../local-aws/index.ts';
import type { LocalAws, LocalNode } from '../local-aws/index.ts';
import { readOptions } from './options.ts';
import { synthesize } from './synthesize.ts';
import { explain, main, print, UsageError } from './terminal.ts';

const USAGE = 'usage: npm run local -- [--port N (default 4566)] [--hosts N (default 3, at most 200)]';
const STATE = fileURLToPath(new URL('../.certvend', import.meta.url));

await main(async () => {
  const { port, hosts } = readOptions(
    {
      port: { kind: 'number', min: 1, max: 65_535, value: 4566 },
      hosts: { kind: 'number', min: 0, max: 200, value: 3 },
    },
    USAGE,
  );
  const assembly = join(STATE, 'local-assembly');
  rmSync(assembly, { recursive: true, force: true });
  explain('synthesizing the template ...');
  await synthesize(assembly);
  explain('deploying it to the local AWS ...');
  const aws = await startLocalAws({ port }).catch((error: unknown) => {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  });
  try {
    const { outputs } = await aws.deploy(assembly);
    const nodes = await aws.addNodes(hosts);
    writeState(aws, outputs, nodes);
    for (const line of summary(aws, outputs, nodes)) print(line);
    await interrupted();
    explain('stopping ...');
  } finally {
    rmSync(join(STATE, 'local.json'), { force: true });
    await aws.close();
  }
});

/** For scripts and for the commands of another terminal. */
function writeState(
  { endpoint, region }: LocalAws,
  outputs: Record<string, string>,
  nodes: readonly LocalNode[],
): void {
  mkdirSync(STATE, { recursive: true });
  writeFileSync(
    join(STATE, 'local.json'),
    `${JSON.stringify({ endpoint, region, outputs, nodes }, undefined, 2)}\n`,
  );
}

function summary(
  { endpoint, region }: LocalAws,
  outputs: Record<string, string>,
  nodes: readonly LocalNode[],
): string[] {
  const host = nodes[0]?.id ?? 'mi-0123456789abcdef0';
  const root = nodes[0]?.root ?? '/';
  const key = `'{"hostID":{"S":"${host}"}}'`;
  return [
    '',
    `certvend runs at ${endpoint} with ${String(nodes.length)} managed nodes (also in .certvend/local.json). In another terminal:`,
    '',
    `export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    'export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_PAGER=',
    '',
    '# enrol a host',
    `aws dynamodb put-item --table-name certificates --item ${key}`,
    `aws dynamodb get-item --table-name certificates --key ${key}`,
    '# replace its certificate now',
    `aws dynamodb update-item --table-name certificates --key ${key} --update-expression 'REMOVE expiry'`,
    'aws lambda invoke --function-name CertCheck-Trigger response.json   # AWS CLI v2: add --cli-binary-format raw-in-base64-out',
    '# revoke it: SERIAL is the serial of the row; the CRL follows within seconds here, within half an hour in AWS',
    `aws acm-pca revoke-certificate --certificate-authority-arn ${outputs['PCAARN'] ?? ''} --revocation-reason KEY_COMPROMISE --certificate-serial SERIAL`,
    'aws rolesanywhere list-crls',
    '# earn credentials with it, as an application on the host does',
    ...credentialProcess(root, host, outputs),
    '',
    'Move time with: ' + `curl -X POST ${endpoint}/_local/clock -d '{"advanceMs":86400000}'`,
    'Ctrl-C stops it; nothing is kept.',
  ];
}

function credentialProcess(root: string, host: string, outputs: Record<string, string>): string[] {
  return [
    `${root}/root/aws_signing_helper credential-process \\`,
    `  --certificate ${root}/etc/certvend/${host}.crt --private-key ${root}/etc/certvend/${host}.key \\`,
    `  --intermediates ${root}/etc/certvend/ca_chain_certificate.crt \\`,
    `  --trust-anchor-arn ${outputs['IAMRATrustAnchorARN'] ?? ''} \\`,
    `  --profile-arn ${outputs['IAMRAProfileARN'] ?? ''} \\`,
    `  --role-arn ${outputs['IAMRARoleARN'] ?? ''}`,
  ];
}

async function interrupted(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => {
      resolve();
    });
    process.once('SIGTERM', () => {
      resolve();
    });
  });
}
