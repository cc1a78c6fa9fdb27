/**
 * A stand-in for `aws_signing_helper credential-process`: same flags, same output, same wire format. It is a program of its
 * own, run on managed nodes, and uses nothing but Node.
 */
import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { parseArgs } from 'node:util';

const version = '1.8.0';

function readFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      certificate: text,
      'private-key': text,
      intermediates: text,
      'trust-anchor-arn': text,
      'profile-arn': text,
      'role-arn': text,
      region: text,
      endpoint: text,
      'session-duration': { type: 'string', default: '3600' },
      'role-session-name': text,
      'with-proxy': { type: 'boolean' },
    },
  });
  if (positionals[0] !== 'credential-process')
    throw new Error(`unknown command "${positionals.join(' ')}" for "aws_signing_helper"`);
  const required = (
    name: 'certificate' | 'private-key' | 'trust-anchor-arn' | 'profile-arn' | 'role-arn',
  ): string => {
    const value = values[name];
    if (value === undefined || value === '') throw new Error(`required flag(s) "${name}" not set`);
    return value;
  };
  const trustAnchorArn = required('trust-anchor-arn');
  const profileArn = required('profile-arn');
  const regionOf = (arn: string) => arn.split(':')[3] ?? '';
  if (regionOf(trustAnchorArn) !== regionOf(profileArn))
    throw new Error('trust anchor and profile regions don’t match');
  return {
    certificate: required('certificate'),
    privateKey: required('private-key'),
    intermediates: values.intermediates,
    trustAnchorArn,
    profileArn,
    roleArn: required('role-arn'),
    region: values.region ?? regionOf(trustAnchorArn),
    endpoint: values.endpoint ?? process.env['AWS_ENDPOINT_URL'],
    durationSeconds: Number(values['session-duration']),
    roleSessionName: values['role-session-name'],
  };
}
type Flags = ReturnType<typeof readFlags>;

function readCertificates(file: string): X509Certificate[] {
  const blocks =
    readFileSync(file, 'latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error(`no certificate found in ${file}`);
  return blocks.map((block) => new X509Certificate(block));
}

const base64 = (certificate: X509Certificate): string => certificate.raw.toString('base64');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

interface Prepared {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function prepare(flags: Flags): Prepared {
  const [certificate] = readCertificates(flags.certificate);
  if (certificate === undefined) throw new Error('no certificate found');
  const chain = flags.intermediates === undefined ? [] : readCertificates(flags.intermediates);
  const key = createPrivateKey(readFileSync(flags.privateKey));
  const query = [
    ['profileArn', flags.profileArn],
    ['roleArn', flags.roleArn],
    ['trustAnchorArn', flags.trustAnchorArn],
  ]
    .map(([name = '', value = '']) => `${name}=${encode(value)}`)
    .join('&');
  const url = new URL(
    `/sessions?${query}`,
    flags.endpoint ?? `https://rolesanywhere.${flags.region}.amazonaws.com`,
  );
  const { durationSeconds, roleSessionName } = flags;
  const body = JSON.stringify({ durationSeconds, ...(roleSessionName !== undefined && { roleSessionName }) });
  // A node with a wrong clock signs with a wrong time.
  const now = Date.now() + Number(process.env['LOCAL_AWS_CLOCK_SKEW_MS'] ?? 0);
  const date = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    host: url.host,
    'x-amz-date': date,
    'x-amz-x509': base64(certificate),
    ...(chain.length > 0 && { 'x-amz-x509-chain': chain.map(base64).join(',') }),
  };
  const names = Object.keys(headers).sort();
  const signedHeaders = names.join(';');
  const lines = names.map((name) => `${name}:${headers[name] ?? ''}\n`).join('');
  const canonical = ['POST', '/sessions', query, lines, signedHeaders, sha256(body)].join('\n');
  const algorithm = key.asymmetricKeyType === 'rsa' ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256';
  const scope = `${date.slice(0, 8)}/${flags.region}/rolesanywhere/aws4_request`;
  const signature = sign(
    'sha256',
    Buffer.from([algorithm, date, scope, sha256(canonical)].join('\n')),
    key,
  ).toString('hex');
  const serial = BigInt(`0x${certificate.serialNumber}`).toString();
  const authorization = `${algorithm} Credential=${serial}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  const agent = `CredHelper/${version} (stand-in; ${process.platform}; ${process.arch})`;
  return { url, headers: { ...headers, authorization, 'user-agent': agent }, body };
}

function send({
  url,
  headers,
  body,
}: Prepared): Promise<{ status: number; errorType: string; text: string }> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const answered = (response: IncomingMessage): void => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const errorType = String(response.headers['x-amzn-errortype'] ?? '');
        resolve({ status: response.statusCode ?? 0, errorType, text: Buffer.concat(parts).toString('utf8') });
      });
    };
    request(url, { method: 'POST', headers, timeout: 30_000 }, answered).on('error', reject).end(body);
  });
}

interface SessionAnswer {
  readonly message?: string;
  readonly credentialSet?: readonly {
    readonly credentials: Readonly<
      Record<'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'expiration', string>
    >;
  }[];
}

async function main(): Promise<void> {
  const { status, errorType, text } = await send(prepare(readFlags(process.argv.slice(2))));
  // The answer of the service; its shape is checked just below.
  const answer = JSON.parse(text === '' ? '{}' : text) as SessionAnswer;
  const credentials = answer.credentialSet?.[0]?.credentials;
  if (status !== 201 || credentials === undefined)
    throw new Error(`${errorType || `HTTP ${String(status)}`}: ${answer.message ?? ''}`);
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials;
  const output = {
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: expiration,
  };
  process.stdout.write(JSON.stringify(output));
}

main().catch((error: unknown) => {
  const stamp = new Date().toISOString().slice(0, 19).replace(/-/g, '/').replace('T', ' ');
  process.stderr.write(`${stamp} ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
