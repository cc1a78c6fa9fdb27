import { ACMPCAClient, GetCertificateCommand, IssueCertificateCommand } from '@aws-sdk/client-acm-pca';
import {
  ImportCrlCommand,
  ListCrlsCommand,
  ListTrustAnchorsCommand,
  RolesAnywhereClient,
} from '@aws-sdk/client-rolesanywhere';
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createAcmPcaService } from '../../local-aws/services/acm-pca/index.ts';
import { createRolesAnywhereService } from '../../local-aws/services/rolesanywhere/index.ts';
import { createSsmService } from '../../local-aws/services/ssm/index.ts';
import { openssl } from './private-ca.ts';
import { startPlatform } from './start-platform.ts';
import type { StartedPlatform } from './start-platform.ts';

let directory: string;
let aws: StartedPlatform;
let authorityArn: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'certvend-test-'));
  aws = await startPlatform((platform) => [
    createAcmPcaService(platform),
    createRolesAnywhereService(platform),
    createSsmService({ ...platform, directory }),
  ]);
  const algorithms = { KeyAlgorithm: 'EC_prime256v1', SigningAlgorithm: 'SHA256WITHECDSA' };
  const authority = await aws.create('AWS::ACMPCA::CertificateAuthority', {
    Type: 'ROOT',
    ...algorithms,
    Subject: { CommonName: 'ca' },
  });
  authorityArn = authority.ref;
  const certificate = await aws.create('AWS::ACMPCA::Certificate', {
    CertificateAuthorityArn: authorityArn,
    CertificateSigningRequest: authority.attributes['CertificateSigningRequest'] ?? '',
    SigningAlgorithm: 'SHA256WITHECDSA',
    TemplateArn: 'arn:aws:acm-pca:::template/RootCACertificate/V1',
    Validity: { Type: 'YEARS', Value: 10 },
  });
  const own = {
    CertificateAuthorityArn: authorityArn,
    Certificate: certificate.attributes['Certificate'] ?? '',
  };
  await aws.create('AWS::ACMPCA::CertificateAuthorityActivation', own);
});
afterAll(async () => {
  await aws.gateway.close();
  rmSync(directory, { recursive: true, force: true });
});

test('the Private CA client issues, waits and sees the errors of the service', async () => {
  const client = new ACMPCAClient(aws.client);
  const csr = openssl(
    'req',
    '-new',
    '-nodes',
    '-newkey',
    'rsa:2048',
    '-keyout',
    join(directory, 'key'),
    '-subj',
    '/CN=host',
  );
  const input = {
    CertificateAuthorityArn: authorityArn,
    Csr: Buffer.from(csr),
    SigningAlgorithm: 'SHA256WITHECDSA',
    Validity: { Type: 'DAYS', Value: 7 },
  } as const;
  const { CertificateArn } = await client.send(new IssueCertificateCommand(input));
  const get = new GetCertificateCommand({ CertificateAuthorityArn: authorityArn, CertificateArn });
  const { Certificate } = await client.send(get).catch(async (error: unknown) => {
    expect(error).toMatchObject({ name: 'RequestInProgressException' });
    await sleep(50);
    return client.send(get);
  });
  expect(Certificate).toMatch(/^-----BEGIN CERTIFICATE-----/);
  const bad = new IssueCertificateCommand({ ...input, Csr: Buffer.from('no request') });
  await expect(client.send(bad)).rejects.toMatchObject({ name: 'MalformedCSRException' });
});

test('the Roles Anywhere client lists anchors and lists, and sees a refused list', async () => {
  const client = new RolesAnywhereClient({ ...aws.client, endpoint: aws.gateway.endpoint });
  const source = { SourceType: 'AWS_ACM_PCA', SourceData: { AcmPcaArn: authorityArn } };
  const anchor = await aws.create('AWS::RolesAnywhere::TrustAnchor', {
    Name: 'anchor',
    Enabled: true,
    Source: source,
  });
  const { trustAnchors } = await client.send(new ListTrustAnchorsCommand({ pageSize: 10 }));
  expect(trustAnchors).toMatchObject([{ trustAnchorId: anchor.ref, enabled: true }]);
  expect(trustAnchors?.[0]?.createdAt).toBeInstanceOf(Date);
  expect(await client.send(new ListCrlsCommand({}))).toMatchObject({ crls: [] });
  const list = {
    name: 'list',
    crlData: Buffer.from('no list'),
    trustAnchorArn: trustAnchors?.[0]?.trustAnchorArn ?? '',
  };
  await expect(client.send(new ImportCrlCommand(list))).rejects.toMatchObject({
    name: 'ValidationException',
  });
});

test('the Systems Manager client runs a document on a node and reads the result', async () => {
  const client = new SSMClient(aws.client);
  const [node] = z
    .array(z.object({ id: z.string() }))
    .parse(await aws.control('POST', '/_local/nodes', { count: 1 }));
  const id = node?.id ?? '';
  const step = { action: 'aws:runShellScript', name: 'run', inputs: { runCommand: ['echo done'] } };
  await aws.create('AWS::SSM::Document', {
    Name: 'Say',
    DocumentType: 'Command',
    Content: { schemaVersion: '2.2', mainSteps: [step] },
  });
  const nodes = await client.send(
    new DescribeInstanceInformationCommand({ Filters: [{ Key: 'InstanceIds', Values: [id] }] }),
  );
  expect(nodes.InstanceInformationList).toMatchObject([{ InstanceId: id, PingStatus: 'Online' }]);
  const { Command } = await client.send(new SendCommandCommand({ DocumentName: 'Say', InstanceIds: [id] }));
  const get = new GetCommandInvocationCommand({ CommandId: Command?.CommandId, InstanceId: id });
  await expect(client.send(get)).rejects.toMatchObject({ name: 'InvocationDoesNotExist' });
  await expect
    .poll(() => client.send(get).catch(() => undefined), { timeout: 5000 })
    .toMatchObject({ Status: 'Success', StandardOutputContent: 'done\n' });
});
