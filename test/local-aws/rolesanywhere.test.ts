import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRolesAnywhereService } from '../../local-aws/services/rolesanywhere/index.ts';
import type { JsonObject, Service } from '../../local-aws/platform.ts';
import { createAuthority, createHost, issueFor, openssl } from './private-ca.ts';
import type { TestAuthority, TestHost } from './private-ca.ts';
import { administrator, create, createSmallPlatform, settled, text } from './small-platform.ts';
import type { SmallPlatform } from './small-platform.ts';

const helper = join(import.meta.dirname, '../../local-aws/nodes/signing-helper.ts');
const run = promisify(execFile);
const roleArn = 'arn:aws:iam::123456789012:role/IAMRA-Role';
const nodeId = 'mi-0123456789abcdef0';

let platform: SmallPlatform;
let service: Service;
let authority: TestAuthority;
let anchorArn: string;
let profileArn: string;
let close: () => void;

beforeEach(async () => {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://local');
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      const call = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers,
        body: Buffer.concat(parts),
      };
      void service.handle(call, { kind: 'service', service: 'anonymous' }).then((answer) => {
        response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  close = () => server.close();
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  platform = createSmallPlatform(undefined, `http://127.0.0.1:${String(port)}`);
  authority = await createAuthority(platform);
  service = createRolesAnywhereService(platform);
  const anchor = await create(service, 'AWS::RolesAnywhere::TrustAnchor', {
    Name: 'IAMRA-TA1',
    Enabled: true,
    Source: { SourceType: 'AWS_ACM_PCA', SourceData: { AcmPcaArn: authority.arn } },
  });
  const profile = await create(service, 'AWS::RolesAnywhere::Profile', {
    Name: 'IAMRA-Profile',
    Enabled: true,
    DurationSeconds: 900,
    RoleArns: [roleArn],
  });
  anchorArn = text(anchor.attributes?.['TrustAnchorArn']);
  profileArn = text(profile.attributes?.['ProfileArn']);
});
afterEach(async () => {
  close();
  await platform.close();
});

/** What the helper prints for this host, or its error line. */
async function createSession(host: TestHost, ...more: string[]): Promise<JsonObject> {
  const flags = {
    certificate: host.certificateFile,
    'private-key': host.keyFile,
    'trust-anchor-arn': anchorArn,
    'profile-arn': profileArn,
    'role-arn': roleArn,
    endpoint: platform.endpoint,
  };
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  const { stdout } = await run(process.execPath, [helper, 'credential-process', ...words, ...more]);
  // The helper prints one JSON object.
  return JSON.parse(stdout) as JsonObject;
}

async function issued(key: 'rsa' | 'ec' = 'rsa', subject = `/CN=${nodeId}`): Promise<TestHost> {
  const host = createHost(platform, subject, key);
  await issueFor(platform, authority, host);
  return host;
}

test.each(['rsa', 'ec'] as const)(
  'an %s certificate of the CA is exchanged for credentials of the role',
  async (key) => {
    const host = await issued(key);
    const credentials = await createSession(host, '--intermediates', host.chainFile, '--with-proxy');
    const expiration = new Date(platform.clock.now() + 900_000).toISOString().replace('.000Z', 'Z');
    expect(credentials).toEqual({
      Version: 1,
      AccessKeyId: 'ASIALOCAL',
      SecretAccessKey: 'secret',
      SessionToken: 'token',
      Expiration: expiration,
    });
    const serial = openssl('x509', '-noout', '-serial', '-in', host.certificateFile)
      .trim()
      .replace('serial=', '')
      .toLowerCase();
    expect(platform.sessions).toEqual([
      expect.objectContaining({ roleArn, sessionName: serial, sourceIdentity: `CN=${nodeId}` }),
    ]);
    expect(platform.asked.map(({ action }) => action)).toEqual([
      'sts:AssumeRole',
      'sts:TagSession',
      'sts:SetSourceIdentity',
    ]);
    expect(platform.asked[0]?.context).toMatchObject({
      'aws:SourceArn': anchorArn,
      'aws:SourceAccount': '123456789012',
      'aws:PrincipalTag/x509Subject/CN': nodeId,
      'aws:PrincipalTag/x509Issuer/CN': 'ca.example.com',
      'sts:SourceIdentity': `CN=${nodeId}`,
    });
  },
);

test('a key that is not the one of the certificate is refused', async () => {
  const host = await issued();
  const other = createHost(platform, '/CN=other');
  await expect(createSession({ ...host, keyFile: other.keyFile })).rejects.toThrow(
    'AccessDeniedException: Untrusted signature',
  );
});

test('a certificate of another CA is refused, also one of the same name', async () => {
  const stranger = await createAuthority(platform);
  const host = createHost(platform, `/CN=${nodeId}`);
  await issueFor(platform, stranger, host);
  await expect(createSession(host)).rejects.toThrow('AccessDeniedException: Untrusted signing certificate');
});

test('an expired certificate is refused by the moved clock', async () => {
  const host = await issued();
  platform.clock.advance(7 * 86_400_000 - 3000);
  await createSession(host);
  platform.clock.advance(5000);
  await expect(createSession(host)).rejects.toThrow('The certificate has expired');
});

test('the trust policy of the role has the last word', async () => {
  const host = await issued();
  platform.trust = false;
  await expect(createSession(host)).rejects.toThrow(`Unable to assume role for ${roleArn}`);
});

test('a disabled profile gives no credentials until it is enabled again', async () => {
  const host = await issued();
  const profileId = profileArn.split('/')[1] ?? '';
  await service.call('DisableProfile', { profileId }, administrator);
  await expect(createSession(host)).rejects.toThrow('The profile is disabled');
  await service.call('EnableProfile', { profileId }, administrator);
  await createSession(host);
});

/** The current list of the CA as the base64 of its PEM. */
async function listWith(host: TestHost): Promise<string> {
  const serial = openssl('x509', '-noout', '-serial', '-in', host.certificateFile)
    .trim()
    .replace('serial=', '');
  const revocation = {
    CertificateAuthorityArn: authority.arn,
    CertificateSerial: serial,
    RevocationReason: 'SUPERSEDED',
  };
  await authority.service.call('RevokeCertificate', revocation, administrator);
  platform.clock.advance(platform.delays.crl);
  await settled();
  const der =
    platform.objects.get(`crl-bucket/crl/${authority.arn.split('/')[1] ?? ''}.crl`) ?? Buffer.alloc(0);
  return Buffer.from(
    `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----\n`,
  ).toString('base64');
}

test('a certificate on an enabled list is refused, and its neighbours are not', async () => {
  const host = await issued();
  const neighbour = await issued('ec', '/CN=mi-0fedcba9876543210');
  await createSession(host);
  const crlData = await listWith(host);
  const { crl } = await service.call(
    'ImportCrl',
    { name: 'list', crlData, trustAnchorArn: anchorArn, enabled: true },
    administrator,
  );
  await expect(createSession(host)).rejects.toThrow('AccessDeniedException: Certificate revoked');
  await createSession(neighbour);
  const { subjects } = await service.call('ListSubjects', {}, administrator);
  expect(subjects).toHaveLength(2);
  expect(crl).toMatchObject({ enabled: true, trustAnchorArn: anchorArn });
});

test('a trust anchor takes two lists, in PEM, of its own CA only', async () => {
  const crlData = await listWith(await issued());
  const list = { name: 'list', crlData, trustAnchorArn: anchorArn };
  await service.call('ImportCrl', list, administrator);
  await service.call('ImportCrl', list, administrator);
  await expect(service.call('ImportCrl', list, administrator)).rejects.toMatchObject({
    code: 'ValidationException',
  });
  await expect(service.call('ImportCrl', { ...list, crlData: 'AAAA' }, administrator)).rejects.toThrow(
    'PEM format',
  );
  const { crls } = await service.call('ListCrls', { pageSize: '1' }, administrator);
  expect(crls).toHaveLength(1);
  platform.clock.advance(5000);
  authority = await createAuthority(platform);
  const foreign = await listWith(await issued());
  await expect(service.call('ImportCrl', { ...list, crlData: foreign }, administrator)).rejects.toThrow(
    'not signed by the trust anchor',
  );
});

test('a sixth call about lists within a second is throttled', async () => {
  const list = () => service.call('ListCrls', {}, administrator);
  for (let call = 0; call < 5; call++) await list();
  await expect(list()).rejects.toMatchObject({ code: 'ThrottlingException' });
  platform.clock.advance(1000);
  await list();
});

test('after a renewal of the CA the trust anchor is told its CA again', async () => {
  const trustAnchorId = anchorArn.split('/')[1] ?? '';
  const source = { sourceType: 'AWS_ACM_PCA', sourceData: { acmPcaArn: authority.arn } };
  const { trustAnchor } = await service.call('UpdateTrustAnchor', { trustAnchorId, source }, administrator);
  expect(trustAnchor).toMatchObject({ source });
  await createSession(await issued());
});

test('an unsigned request learns nothing but that it is denied', async () => {
  const query = new URLSearchParams({ profileArn, roleArn, trustAnchorArn: anchorArn });
  const request = { method: 'POST', path: '/sessions', query, headers: {}, body: Buffer.alloc(0) };
  const answer = await service.handle(request, { kind: 'service', service: 'anonymous' });
  expect(answer).toMatchObject({ status: 403, headers: { 'x-amzn-errortype': 'AccessDeniedException' } });
});
