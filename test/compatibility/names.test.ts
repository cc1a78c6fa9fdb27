/** The names of the contract, as the services know them after the deployment. */
import { ACMPCAClient, DescribeCertificateAuthorityCommand } from '@aws-sdk/client-acm-pca';
import {
  ListProfilesCommand,
  ListTrustAnchorsCommand,
  RolesAnywhereClient,
} from '@aws-sdk/client-rolesanywhere';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import type { Fleet } from '../../cli/demo/fleet.ts';
import { startFleet } from '../e2e/fleet.ts';
import { ofType, templateIn } from './template.ts';

let fleet: Fleet;
let client: {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
};
let created: { type: string; physicalId: string }[];

beforeAll(async () => {
  fleet = await startFleet(1);
  const { endpoint, region } = fleet.aws;
  client = { endpoint, region, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  created = z
    .array(z.object({ type: z.string(), physicalId: z.string() }))
    .parse(await fleet.aws.control('GET /_local/resources'));
});
afterAll(() => fleet.aws.close());

const idsOf = (type: string): string[] =>
  created.filter((resource) => resource.type === type).map(({ physicalId }) => physicalId);

describe('names', () => {
  it('of the functions', () => {
    expect(idsOf('AWS::Lambda::Function').sort()).toEqual([
      'CRLProcessor',
      'CertCheck-Trigger',
      'CertDeploy',
      'CertIssue',
    ]);
  });

  it('of the table', () => {
    expect(idsOf('AWS::DynamoDB::Table')).toContain('certificates');
  });

  it('of the topic, to which the address is subscribed', () => {
    expect(idsOf('AWS::SNS::Topic')).toEqual([
      `arn:aws:sns:us-east-1:${fleet.aws.accountId}:FailedCertRotationTopic`,
    ]);
    expect(ofType(templateIn(inject('assembly')), 'AWS::SNS::Subscription')).toEqual([
      expect.objectContaining({ Protocol: 'email', Endpoint: 'ops@example.com' }),
    ]);
  });

  it('of trust anchor, profile and sample role', async () => {
    const rolesAnywhere = new RolesAnywhereClient(client);
    const { trustAnchors } = await rolesAnywhere.send(new ListTrustAnchorsCommand({}));
    const { profiles } = await rolesAnywhere.send(new ListProfilesCommand({}));
    expect(trustAnchors).toEqual([expect.objectContaining({ name: 'IAMRA-TA1', enabled: true })]);
    expect(profiles).toEqual([
      expect.objectContaining({ name: 'IAMRA-Profile', enabled: true, durationSeconds: 900 }),
    ]);
    expect(idsOf('AWS::IAM::Role')).toContain('IAMRA-Role');
  });

  it('the sample role denies every action', () => {
    const sample = ofType(templateIn(inject('assembly')), 'AWS::IAM::Role').find(
      ({ RoleName }) => RoleName === 'IAMRA-Role',
    );
    expect(sample?.['Policies']).toMatchObject([
      { PolicyDocument: { Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] } },
    ]);
  });
});

describe('the certificate authority', () => {
  it('is a root for short-lived certificates', async () => {
    const { CertificateAuthority } = await new ACMPCAClient(client).send(
      new DescribeCertificateAuthorityCommand({ CertificateAuthorityArn: fleet.outputs['PCAARN'] }),
    );
    expect(CertificateAuthority).toMatchObject({ Type: 'ROOT', Status: 'ACTIVE' });
    expect(ofType(templateIn(inject('assembly')), 'AWS::ACMPCA::CertificateAuthority')).toEqual([
      expect.objectContaining({ Type: 'ROOT', UsageMode: 'SHORT_LIVED_CERTIFICATE' }),
    ]);
  });
});

describe('outputs', () => {
  it.each([
    ['PCAARN', /^arn:aws:acm-pca:us-east-1:\d{12}:certificate-authority\/[0-9a-f-]{36}$/],
    ['IAMRATrustAnchorARN', /^arn:aws:rolesanywhere:us-east-1:\d{12}:trust-anchor\/[0-9a-f-]{36}$/],
    ['IAMRAProfileARN', /^arn:aws:rolesanywhere:us-east-1:\d{12}:profile\/[0-9a-f-]{36}$/],
    ['IAMRARoleARN', /^arn:aws:iam::\d{12}:role\/IAMRA-Role$/],
  ])('%s', (name, form) => {
    expect(fleet.outputs[name]).toMatch(form);
  });
});
