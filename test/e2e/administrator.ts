/** What an administrator does by the AWS CLI, with the clients of the SDK: rows as they stand in the table, whole. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ACMPCAClient, RevokeCertificateCommand } from '@aws-sdk/client-acm-pca';
import type { RevocationReason } from '@aws-sdk/client-acm-pca';
import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { z } from 'zod';
import { eventually } from '../../cli/demo/fleet.ts';
import type { LocalAws } from '../../local-aws/index.ts';

export type Item = Readonly<Record<string, unknown>>;

const entry = z.looseObject({
  certificateArn: z.string(),
  hostID: z.string(),
  attempt: z.string(),
  serial: z.string(),
  publicKeyHash: z.string(),
  outcome: z.string(),
  revokedAt: z.string().optional(),
});
export type Entry = z.infer<typeof entry>;

const mail = z.object({ subject: z.string(), message: z.string() });
export type Mail = z.infer<typeof mail>;

export class Administrator {
  readonly aws: LocalAws;
  readonly #outputs: Readonly<Record<string, string>>;
  readonly #prefix: string;
  readonly #dynamodb: DynamoDBClient;
  readonly #lambda: LambdaClient;
  readonly #authority: ACMPCAClient;
  readonly #s3: S3Client;

  constructor(aws: LocalAws, outputs: Readonly<Record<string, string>>, prefix = '') {
    this.aws = aws;
    this.#outputs = outputs;
    this.#prefix = prefix;
    const client = {
      endpoint: aws.endpoint,
      region: aws.region,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    };
    this.#dynamodb = new DynamoDBClient(client);
    this.#lambda = new LambdaClient(client);
    this.#authority = new ACMPCAClient(client);
    this.#s3 = new S3Client({ ...client, forcePathStyle: true });
  }

  get #table(): string {
    return `${this.#prefix}certificates`;
  }

  /** Replaces the whole row, whatever it held. */
  async put(item: Item & { readonly hostID: string }): Promise<void> {
    await this.#dynamodb.send(new PutItemCommand({ TableName: this.#table, Item: marshall(item) }));
  }

  /** Sets and removes attributes of a row. */
  async edit(hostID: string, set: Item, remove: readonly string[] = []): Promise<void> {
    const names = [...Object.keys(set), ...remove];
    const expression = [
      ...(Object.keys(set).length === 0
        ? []
        : [
            `SET ${Object.keys(set)
              .map((_, index) => `#n${String(index)} = :v${String(index)}`)
              .join(', ')}`,
          ]),
      ...(remove.length === 0
        ? []
        : [`REMOVE ${remove.map((_, index) => `#n${String(index + Object.keys(set).length)}`).join(', ')}`]),
    ].join(' ');
    const values = marshall(
      Object.fromEntries(Object.values(set).map((value, index) => [`:v${String(index)}`, value])),
    );
    await this.#dynamodb.send(
      new UpdateItemCommand({
        TableName: this.#table,
        Key: marshall({ hostID }),
        UpdateExpression: expression,
        ExpressionAttributeNames: Object.fromEntries(
          names.map((name, index) => [`#n${String(index)}`, name]),
        ),
        ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
      }),
    );
  }

  async delete(hostID: string): Promise<void> {
    await this.#dynamodb.send(new DeleteItemCommand({ TableName: this.#table, Key: marshall({ hostID }) }));
  }

  /** The row with all its attributes; undefined: there is none. */
  async row(hostID: string): Promise<Item | undefined> {
    const { Item } = await this.#dynamodb.send(
      new GetItemCommand({ TableName: this.#table, Key: marshall({ hostID }), ConsistentRead: true }),
    );
    return Item === undefined ? undefined : unmarshall(Item);
  }

  /** Certificates of a host, the oldest first. */
  async ledger(hostID: string): Promise<Entry[]> {
    const { Items = [] } = await this.#dynamodb.send(
      new QueryCommand({
        TableName: `${this.#prefix}certificate-ledger`,
        IndexName: 'host',
        KeyConditionExpression: 'hostID = :host',
        ExpressionAttributeValues: marshall({ ':host': hostID }),
      }),
    );
    return Items.map((item) => entry.parse(unmarshall(item)));
  }

  /** Everything that is stored in the two tables, as text. */
  async everythingStored(): Promise<string> {
    const tables = [this.#table, `${this.#prefix}certificate-ledger`];
    const scans = await Promise.all(
      tables.map((TableName) => this.#dynamodb.send(new ScanCommand({ TableName, ConsistentRead: true }))),
    );
    return JSON.stringify(scans.map(({ Items }) => Items));
  }

  /** `aws lambda invoke`: what would stand in response.json. Throws when the function failed. */
  async invoke(payload?: unknown): Promise<Item> {
    const { Payload, FunctionError } = await this.#lambda.send(
      new InvokeCommand({
        FunctionName: `${this.#prefix}CertCheck-Trigger`,
        ...(payload === undefined ? {} : { Payload: Buffer.from(JSON.stringify(payload)) }),
      }),
    );
    const text = Buffer.from(Payload ?? new Uint8Array()).toString('utf8');
    if (FunctionError !== undefined) throw new Error(`CertCheck-Trigger: ${text}`);
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  }

  async revoke(serial: unknown, reason: RevocationReason = 'KEY_COMPROMISE'): Promise<void> {
    await this.#authority.send(
      new RevokeCertificateCommand({
        CertificateAuthorityArn: this.#outputs['PCAARN'],
        CertificateSerial: String(serial),
        RevocationReason: reason,
      }),
    );
  }

  /** The newest CRL of the bucket as `openssl crl -text` shows it, with its key. */
  async crl(): Promise<{ key: string; text: string }> {
    const Bucket = this.#outputs['CRLBucketName'];
    const { Contents = [] } = await this.#s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'crl/' }));
    const key = Contents.map(({ Key }) => Key ?? '').find((name) => name.endsWith('.crl')) ?? '';
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket, Key: key }));
    const der = await Body?.transformToByteArray();
    const run = promisify(execFile)('openssl', ['crl', '-inform', 'DER', '-noout', '-text']);
    run.child.stdin?.end(der);
    return { key, text: (await run).stdout };
  }

  async mails(): Promise<Mail[]> {
    return z.array(mail).parse(await this.aws.control('GET /_local/mail'));
  }

  /** Polls a row until it fits. */
  async until(what: string, hostID: string, fits: (row: Item) => boolean): Promise<Item> {
    const row = await eventually(
      () => this.row(hostID),
      (found) => found !== undefined && fits(found),
      (found) => `${what} did not happen within a minute: ${JSON.stringify(found)}`,
    );
    return row ?? {};
  }
}

export const isReady = (row: Item): boolean => row['status'] === 'Ready';
export const isIssuing = (row: Item): boolean => row['status'] === 'Issuing';
export const isFailing = (row: Item): boolean => row['status'] === 'Failing';
/** The stage of the attempt that a row holds. */
export const stageOf = (row: Item | undefined): unknown => {
  const attempt = row?.['attempt'];
  return typeof attempt === 'object' && attempt !== null && 'stage' in attempt ? attempt.stage : undefined;
};
