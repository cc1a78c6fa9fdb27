/**
 * `node local-aws/operations.ts` writes the generated part of README.md: what a running local AWS says it offers, the
 * faults, and the limits. A test fails when that part is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { catalogue, faultNames } from './faults/catalogue.ts';
import { startLocalAws } from './index.ts';
import { LIMITS } from './limits.ts';

export const README = fileURLToPath(new URL('README.md', import.meta.url));
const BEGIN = '<!-- prettier-ignore-start -->';
const END = '<!-- prettier-ignore-end -->';

/** How faithful each service is: what is modelled, and what is not. A service without a note fails the test. */
export const NOTES: Readonly<Record<string, readonly [modelled: string, not: string]>> = {
  'acm-pca': [
    'real keys and signatures, base templates, asynchronous issuance, idempotency window, complete CRLs into S3, quotas',
    'subordinate CAs, API and CSR passthrough, partitioned CRLs, OCSP, audit reports, listing of CAs, deletion',
  ],
  cloudformation: [
    'creation in dependency order, conditions, intrinsic functions, outputs, updates of functions, documents and policies',
    'its API, rollback, deletion, replacement, drift',
  ],
  dynamodb: [
    'dynalite: expressions, conditions, indexes; added: streams, time to live, ReturnValuesOnConditionCheckFailure',
    'transactions, PartiQL, backups, global tables, throughput, trimming of streams after 24 hours',
  ],
  events: [
    'the default bus, rules with the pattern language, retries, dead letters, Lambda, SQS and SNS targets',
    'other buses, archives, pipes, input transformers, API destinations',
  ],
  iam: [
    'roles, inline and managed policies, trust, evaluation with every condition that the template uses',
    'users, groups, changes by the API',
  ],
  kms: [
    'keys and their policies, judged when a service uses a topic',
    'encryption itself; nothing is encrypted',
  ],
  lambda: [
    'the bundles in a worker thread per environment, time-out, memory limit, event sources, partial batches, asynchronous retries',
    'versions, aliases, layers, extensions, provisioned concurrency, at most 5 environments per function',
  ],
  logs: [
    'log groups; lines are read with `GET /_local/logs`',
    'its API, retention, subscriptions, metric filters',
  ],
  monitoring: [
    'alarms and dashboards are checked and recorded, and an alarm can be set',
    'metrics; no alarm goes off by itself',
  ],
  rolesanywhere: [
    'CreateSession with the whole verification, trust policies, session tags, CRLs, quotas',
    'certificate attribute mapping, the limit by source address, chains deeper than the anchor and one certificate',
  ],
  s3: [
    'fauxqs: whole objects, path style; added: bucket policies, EventBridge notifications',
    'multipart, versions, ACLs, host-style addresses',
  ],
  scheduler: [
    'rate and cron, retries, dead letters, execution roles; a jump of the clock fires each schedule once',
    'one-time schedules, groups, time zones, the random delay of flexible windows',
  ],
  sns: ['topics, policies, mail that is kept instead of sent', 'other protocols than email, filters, FIFO'],
  sqs: [
    'standard queues: delay, visibility, redrive, long polls, policies',
    'FIFO, random redelivery, the limit of messages in flight',
  ],
  ssm: [
    'command documents of schema 2.2 run with the real bash and openssl, delivery and execution time-outs, output limits, activations',
    'other plug-ins, targets by tag, output to S3, sessions, inventory, patches',
  ],
  sts: ['who am I', 'AssumeRole by the API'],
};

const offered = z.array(
  z.object({
    scope: z.string(),
    operations: z.array(z.string()),
    types: z.array(z.string()),
    controls: z.array(z.string()),
  }),
);

/** The generated part, as it should be now. */
export async function generated(): Promise<string> {
  const aws = await startLocalAws();
  try {
    const services = offered.parse(await aws.control('GET /_local/services'));
    return [
      BEGIN,
      '',
      ...services.sort((a, b) => (a.scope < b.scope ? -1 : 1)).flatMap(describe),
      ...faults(),
      ...limits(),
      END,
    ].join('\n');
  } finally {
    await aws.close();
  }
}

function describe({ scope, operations, types, controls }: z.infer<typeof offered>[number]): string[] {
  const [modelled, not] = NOTES[scope] ?? ['', ''];
  const line = (name: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : [`- ${name}: ${items.join(', ')}`];
  return [
    `### ${scope}`,
    '',
    ...line('Operations', operations.map(code)),
    ...line('Resource types', types.map(code)),
    ...line('Controls', controls.map(code)),
    `- Modelled: ${modelled}`,
    `- Not modelled: ${not}`,
    '',
  ];
}

function faults(): string[] {
  const rows = faultNames.map((name) => {
    const told = Object.keys(catalogue[name].shape.shape).map(code).join(' ');
    return `| ${code(name)} | ${catalogue[name].says} | ${told} |`;
  });
  return ['### Faults', '', '| name | what happens | may be told |', '| --- | --- | --- |', ...rows, ''];
}

function limits(): string[] {
  const rows = Object.values(LIMITS).map(
    ({ value, unit, says, source }) => `| ${says} | ${String(value)} ${unit} | ${source} |`,
  );
  return ['### Limits', '', '| what | limit | source |', '| --- | --- | --- |', ...rows, ''];
}

const code = (text: string): string => `\`${text}\``;

/** README.md with its generated part replaced. */
export function withGenerated(readme: string, part: string): string {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error(`README.md has no part from ${BEGIN} to ${END}`);
  return `${before}${part}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(README, withGenerated(readFileSync(README, 'utf8'), await generated()));
}
