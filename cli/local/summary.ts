/** The one screen that says what to do with the local AWS. */
import type { LocalAws, LocalNode } from '../../local-aws/index.ts';
import type { Arguments } from './arguments.ts';

export interface Running {
  readonly aws: LocalAws;
  readonly outputs: Readonly<Record<string, string>>;
  readonly nodes: readonly LocalNode[];
}

export function summary({ aws, outputs, nodes }: Running, options: Arguments): string[] {
  const { endpoint, region } = aws;
  const [node = { id: 'mi-0123456789abcdef0', root: '/' }] = nodes;
  const key = `'{"hostID":{"S":"${node.id}"}}'`;
  return [
    '',
    `certvend runs at ${endpoint} with ${hosts(nodes.length)}. In another terminal (AWS CLI v1 or v2):`,
    '',
    `export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region} AWS_DEFAULT_REGION=${region} AWS_PAGER=`,
    'export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local     # or: . .certvend/local.env',
    '# enrol a host, and look at its row a few seconds later',
    `aws dynamodb put-item --table-name certificates --item ${key}`,
    `aws dynamodb get-item --table-name certificates --key ${key}`,
    '# replace its certificate now',
    `aws dynamodb update-item --table-name certificates --key ${key} --update-expression 'REMOVE expiry'`,
    'aws lambda invoke --function-name CertCheck-Trigger response.json && cat response.json',
    '# earn credentials with it, as an application on the host does',
    ...credentialProcess(node, outputs),
    '',
    'docs/local-aws.md goes on: revoke, move time, lose events, real clients.',
    ...faultLines(options),
    `time +1 day   curl -X POST ${endpoint}/_local/clock -d '{"advanceMs":86400000}'`,
    `faults        curl ${endpoint}/_local/faults`,
    `hosts         ls ${aws.directory}/nodes/   (also in .certvend/local.json)`,
    options.data === undefined
      ? 'Ctrl-C stops it; nothing is kept (--data DIR keeps it).'
      : `Ctrl-C stops it; the CA, its certificates and lists, both tables, the nodes and the time stay in ${options.data}.`,
  ];
}

/** Lines for `. .certvend/local.env`: where the AWS is, and the names that its commands need. */
export function environment({ aws, outputs, nodes }: Running): string[] {
  const variables = {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_REGION: aws.region,
    AWS_DEFAULT_REGION: aws.region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_PAGER: '',
    HOST: nodes[0]?.id ?? '',
    ROOT: nodes[0]?.root ?? '',
    PCA_ARN: outputs['PCAARN'] ?? '',
    TRUST_ANCHOR_ARN: outputs['IAMRATrustAnchorARN'] ?? '',
    PROFILE_ARN: outputs['IAMRAProfileARN'] ?? '',
    ROLE_ARN: outputs['IAMRARoleARN'] ?? '',
  };
  return Object.entries(variables).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`,
  );
}

function hosts(count: number): string {
  return count === 1 ? 'one managed node' : `${String(count)} managed nodes`;
}

function faultLines({ faults, seed }: Arguments): string[] {
  const names = Object.entries(faults).map(([name, { rate }]) => `${name}=${String(rate)}`);
  return names.length === 0 ? [] : [`faults on     ${names.join(' ')}   (seed ${String(seed)})`];
}

function credentialProcess({ id, root }: LocalNode, outputs: Readonly<Record<string, string>>): string[] {
  const folder = `${root}/etc/certvend`;
  return [
    `${root}/root/aws_signing_helper credential-process \\`,
    `  --certificate ${folder}/${id}.crt --private-key ${folder}/${id}.key \\`,
    `  --intermediates ${folder}/ca_chain_certificate.crt \\`,
    `  --trust-anchor-arn ${outputs['IAMRATrustAnchorARN'] ?? ''} \\`,
    `  --profile-arn ${outputs['IAMRAProfileARN'] ?? ''} \\`,
    `  --role-arn ${outputs['IAMRARoleARN'] ?? ''}`,
  ];
}
