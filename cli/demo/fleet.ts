/** What an administrator and a host do, by the same calls of the AWS SDK and the same files that they would use. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ACMPCAClient, RevokeCertificateCommand } from '@aws-sdk/client-acm-pca';
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { LocalAws, LocalNode } from '../../local-aws/index.ts';
import { countCalls } from './counting.ts';
import type { Counts } from './counting.ts';

export interface HostRow {
  readonly hostID: string;
  readonly status: string;
  readonly statusReason: string;
  readonly statusMessage: string;
  readonly serial: string;
  readonly expiry: string;
  readonly failure?: { readonly reason: string; readonly message: string };
}
export interface LedgerRow {
  readonly hostID: string;
  readonly serial: string;
  readonly outcome: string;
}
export interface Earned {
  readonly identity: string;
  readonly expiration: string;
}

const POLL_MS = 100;
const WAIT_MS = 60_000;
const SETTLE_MS = 1_500;
const DAY_MS = 86_400_000;

export class Fleet {
  readonly aws: LocalAws;
  readonly outputs: Readonly<Record<string, string>>;
  readonly nodes: readonly LocalNode[];
  /** What the renewal of the whole fleet called; set by that stage. */
  renewal: Counts = countCalls([]);
  readonly #dynamodb: DynamoDBClient;
  readonly #lambda: LambdaClient;
  readonly #authority: ACMPCAClient;

  constructor(aws: LocalAws, outputs: Readonly<Record<string, string>>, nodes: readonly LocalNode[]) {
    this.aws = aws;
    this.outputs = outputs;
    this.nodes = nodes;
    const options = { ...endpointOf(aws), credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
    this.#dynamodb = new DynamoDBClient(options);
    this.#lambda = new LambdaClient(options);
    this.#authority = new ACMPCAClient(options);
  }

  async enrol(hostID: string): Promise<void> {
    await this.#dynamodb.send(
      new PutItemCommand({ TableName: 'certificates', Item: { hostID: { S: hostID } } }),
    );
  }

  async removeExpiry(hostID: string): Promise<void> {
    await this.#dynamodb.send(
      new UpdateItemCommand({
        TableName: 'certificates',
        Key: { hostID: { S: hostID } },
        UpdateExpression: 'REMOVE expiry',
      }),
    );
  }

  /** Invokes CertCheck-Trigger as `aws lambda invoke` does, and returns its sentence. */
  async check(): Promise<string> {
    const { Payload, FunctionError } = await this.#lambda.send(
      new InvokeCommand({ FunctionName: 'CertCheck-Trigger' }),
    );
    const answer = JSON.parse(Buffer.from(Payload ?? new Uint8Array()).toString('utf8')) as {
      message?: string;
      errorMessage?: string;
    };
    if (FunctionError !== undefined)
      throw new Error(`CertCheck-Trigger failed: ${answer.errorMessage ?? FunctionError}`);
    return answer.message ?? '';
  }

  async revoke(serial: string): Promise<void> {
    const { PCAARN } = this.outputs;
    await this.#authority.send(
      new RevokeCertificateCommand({
        CertificateAuthorityArn: PCAARN,
        CertificateSerial: serial,
        RevocationReason: 'KEY_COMPROMISE',
      }),
    );
  }

  async row(hostID: string): Promise<HostRow> {
    const { Item } = await this.#dynamodb.send(
      new GetItemCommand({ TableName: 'certificates', Key: { hostID: { S: hostID } }, ConsistentRead: true }),
    );
    // The columns of docs/compatibility.md; the demo only shows and compares them.
    return unmarshall(Item ?? {}) as HostRow;
  }

  async ledger(): Promise<LedgerRow[]> {
    const { Items = [] } = await this.#dynamodb.send(
      new ScanCommand({ TableName: 'certificate-ledger', ConsistentRead: true }),
    );
    return Items.map((item) => unmarshall(item) as LedgerRow).filter(
      ({ serial }) => typeof serial === 'string',
    );
  }

  /** Polls rows until all fit, for at most a minute. */
  async until(what: string, hostIds: readonly string[], fits: (row: HostRow) => boolean): Promise<HostRow[]> {
    return eventually(
      async () => Promise.all(hostIds.map((id) => this.row(id))),
      (rows) => rows.every(fits),
      (rows) =>
        `${what} did not happen within a minute: ${rows
          .filter((row) => !fits(row))
          .map((row) => `${row.hostID} is ${row.status} (${row.statusReason}) ${row.statusMessage}`)
          .join('; ')}`,
    );
  }

  /**
   * A jump lets the daily reconcile and the tick start at the same moment, which in AWS is rare, and they would compete
   * for the same hosts. So days pass first, while nothing is due; then hours, which hold a tick alone.
   */
  async fourDaysPass(): Promise<void> {
    await this.aws.advanceClock(4 * DAY_MS);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }

  /** A file of a host, as a path of this machine. */
  file(node: LocalNode, name: string): string {
    return join(node.root, 'etc/certvend', name);
  }

  /** Trades the host's certificate for a session and uses it. Throws with the helper's own words. */
  async earnCredentials(node: LocalNode): Promise<Earned> {
    const { IAMRATrustAnchorARN, IAMRAProfileARN, IAMRARoleARN } = this.outputs;
    const { stdout } = await promisify(execFile)(
      join(node.root, 'root/aws_signing_helper'),
      [
        'credential-process',
        ...[
          '--certificate',
          this.file(node, `${node.id}.crt`),
          '--private-key',
          this.file(node, `${node.id}.key`),
        ],
        ...['--intermediates', this.file(node, 'ca_chain_certificate.crt')],
        ...[
          '--trust-anchor-arn',
          IAMRATrustAnchorARN ?? '',
          '--profile-arn',
          IAMRAProfileARN ?? '',
          '--role-arn',
          IAMRARoleARN ?? '',
        ],
      ],
      { env: { PATH: process.env['PATH'], AWS_ENDPOINT_URL: this.aws.endpoint }, timeout: 30_000 },
    ).catch((error: unknown) => {
      throw new Error(
        error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error),
      );
    });
    const answer = JSON.parse(stdout) as {
      AccessKeyId: string;
      SecretAccessKey: string;
      SessionToken: string;
      Expiration: string;
    };
    const credentials = {
      accessKeyId: answer.AccessKeyId,
      secretAccessKey: answer.SecretAccessKey,
      sessionToken: answer.SessionToken,
    };
    const { Arn } = await new STSClient({ ...endpointOf(this.aws), credentials }).send(
      new GetCallerIdentityCommand(),
    );
    return { identity: Arn ?? '', expiration: answer.Expiration };
  }
}

/** Asks every 100 ms until the answer fits, for at most a minute. */
export async function eventually<T>(
  ask: () => Promise<T>,
  fits: (answer: T) => boolean,
  complaint: (answer: T) => string,
): Promise<T> {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > end) throw new Error(complaint(answer));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function endpointOf({ endpoint, region }: LocalAws): { endpoint: string; region: string } {
  return { endpoint, region };
}
