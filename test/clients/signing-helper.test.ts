/** The real aws_signing_helper with certificates of nodes, and on the nodes as the proof of each new certificate. */
import { spawn } from 'node:child_process';
import { constants, createHash, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from '../../cli/demo/fleet.ts';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { failing, ready, startFleet } from '../e2e/fleet.ts';
import { environment, run, tool } from './tools.ts';

const KEYS = ['RSA_2048', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1'];

let fleet: Fleet;
let helper: string;
beforeAll(async () => {
  helper = tool('aws_signing_helper');
  fleet = await startFleet(KEYS.length, { signingHelper: helper });
  const dynamodb = new DynamoDBClient({
    endpoint: fleet.aws.endpoint,
    region: fleet.aws.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  for (const [index, keyAlgorithm] of KEYS.entries()) {
    const Item = { hostID: { S: id(index) }, keyAlgorithm: { S: keyAlgorithm } };
    await dynamodb.send(new PutItemCommand({ TableName: 'certificates', Item }));
  }
  await fleet.until(
    'the first certificates, proven by the real helper',
    KEYS.map((_key, index) => id(index)),
    ready,
  );
});
afterAll(() => fleet.aws.close());

const id = (index: number): string => fleet.nodes[index]?.id ?? '';
const file = (index: number, name: string): string =>
  join(fleet.nodes[index]?.root ?? '', 'etc/certvend', name);

function session(index: number): string[] {
  const { IAMRATrustAnchorARN = '', IAMRAProfileARN = '', IAMRARoleARN = '' } = fleet.outputs;
  return [
    ...['--certificate', file(index, `${id(index)}.crt`), '--private-key', file(index, `${id(index)}.key`)],
    ...[
      '--intermediates',
      file(index, 'ca_chain_certificate.crt'),
      '--trust-anchor-arn',
      IAMRATrustAnchorARN,
    ],
    ...['--profile-arn', IAMRAProfileARN, '--role-arn', IAMRARoleARN],
    ...['--endpoint', fleet.aws.endpoint, '--region', fleet.aws.region],
  ];
}

const credentials = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  SessionToken: z.string().optional(),
  Token: z.string().optional(),
  Expiration: z.string(),
});

async function whoIs(text: string): Promise<string> {
  const found = credentials.parse(JSON.parse(text));
  const client = new STSClient({
    endpoint: fleet.aws.endpoint,
    region: fleet.aws.region,
    credentials: {
      accessKeyId: found.AccessKeyId,
      secretAccessKey: found.SecretAccessKey,
      sessionToken: found.SessionToken ?? found.Token ?? '',
    },
  });
  return (await client.send(new GetCallerIdentityCommand())).Arn ?? '';
}

describe.each(KEYS.map((key, index) => [key, index] as const))(
  'the real aws_signing_helper with %s',
  (_key, index) => {
    it('trades the certificate for credentials (credential-process)', async () => {
      const answer = await run(helper, ['credential-process', ...session(index)], environment(fleet.aws));
      expect(await whoIs(answer)).toMatch(/:assumed-role\/IAMRA-Role\/[0-9a-f]+$/);
    });

    it('signs (sign-string)', async () => {
      const key = session(index).slice(0, 4);
      const signature = Buffer.from(
        await run(helper, ['sign-string', ...key, '--format', 'text'], environment(fleet.aws)),
        'hex',
      );
      const certificate = new X509Certificate(readFileSync(file(index, `${id(index)}.crt`)));
      const { publicKey } = certificate;
      const padding = publicKey.asymmetricKeyType === 'rsa' ? { padding: constants.RSA_PKCS1_PADDING } : {};
      expect(
        verify(
          'sha256',
          fixedString(publicKey.export({ format: 'der', type: 'spki' })),
          { key: publicKey, ...padding },
          signature,
        ),
      ).toBe(true);
    });

    it('serves them as an instance would (serve)', async () => {
      const port = await freePort();
      const served = spawn(helper, ['serve', '--port', String(port), ...session(index)], {
        env: environment(fleet.aws),
        stdio: 'ignore',
      });
      try {
        const url = `http://127.0.0.1:${String(port)}/latest`;
        const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
        const token = await eventually(
          () =>
            fetch(`${url}/api/token`, { method: 'PUT', headers }).then(
              (response) => (response.ok ? response.text() : ''),
              () => '',
            ),
          (text) => text !== '',
          () => 'the helper does not serve',
        );
        const ask = async (path: string): Promise<string> => {
          const response = await fetch(`${url}/meta-data/iam/security-credentials/${path}`, {
            headers: { 'x-aws-ec2-metadata-token': token },
          });
          return response.text();
        };
        const role = await ask('');
        expect(role).toBe('IAMRA-Role');
        expect(await whoIs(await ask(role))).toContain(':assumed-role/IAMRA-Role/');
      } finally {
        served.kill();
      }
    });
  },
);

it('on the node, a refusal of the real helper keeps the old certificate', async () => {
  const { serial } = await fleet.row(id(0));
  await fleet.aws.control('POST /_local/nodes/state', { id: id(0), failProof: 1 });
  await fleet.removeExpiry(id(0));
  const [row] = await fleet.until('the failure', [id(0)], failing);
  expect(row?.serial).toBe(serial);
  await run(helper, ['credential-process', ...session(0)], environment(fleet.aws));
});

it('is refused with a revoked certificate, in words that say so', async () => {
  await fleet.revoke((await fleet.row(id(2))).serial);
  await eventually(
    () => run(helper, ['credential-process', ...session(2)], environment(fleet.aws)).then(() => '', String),
    (said) => said.includes('AccessDeniedException') && said.includes('revoked'),
    (said) => `the helper said: ${said}`,
  );
});

/** What sign-string signs: a sentence, its version, and a hash of the public key. */
function fixedString(spki: Buffer): Buffer {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const bytes = key.asymmetricKeyType === 'rsa' ? key.export({ format: 'der', type: 'pkcs1' }) : point(spki);
  const hash = createHash('sha256').update('IAM RA').update(bytes).digest();
  return Buffer.concat([Buffer.from('AWS Roles Anywhere Credential Helper Signing Test1'), hash]);
}

/** The uncompressed point at the end of an EC key: 04, x, y. */
function point(spki: Buffer): Buffer {
  const size = spki.length > 100 ? 97 : 65;
  return spki.subarray(spki.length - size);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
