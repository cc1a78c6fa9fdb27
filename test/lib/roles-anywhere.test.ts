import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { CfnRole, Role, ServicePrincipal, type PrincipalBase } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { OpenTrustPolicyCheck } from '../../lib/open-trust-policy-check.ts';
import { RolesAnywherePrincipal } from '../../lib/roles-anywhere-principal.ts';
import { list, record, resources, stackOf, templateOf, text } from './stacks.ts';

const template = templateOf();

describe('the sample role (defect 15)', () => {
  const role = resources(template, 'AWS::IAM::Role').find(
    ({ properties }) => properties['RoleName'] === 'IAMRA-Role',
  );
  const trust = list(record(role?.properties['AssumeRolePolicyDocument'])['Statement']).map(record);

  it('trusts hosts of this account and this trust anchor only', () => {
    expect(trust).toHaveLength(1);
    const conditions = record(trust[0]?.['Condition']);
    expect(text(record(conditions['ArnEquals'])['aws:SourceArn'])).toBe('<TrustAnchor.TrustAnchorArn>');
    expect(text(record(conditions['StringEquals'])['aws:SourceAccount'])).toBe('<AWS::AccountId>');
    expect(conditions['StringLike']).toEqual({ 'aws:PrincipalTag/x509Subject/CN': 'mi-*' });
    expect(trust[0]?.['Action']).toEqual(['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession']);
  });

  it('denies everything', () => {
    const [policy] = list(role?.properties['Policies']).map(record);
    expect(record(policy?.['PolicyDocument'])['Statement']).toEqual([
      { Sid: 'DenyEverything', Effect: 'Deny', Action: '*', Resource: '*' },
    ]);
  });
});

describe('the profile', () => {
  it('gives 15 minutes and lets no host name its session', () => {
    template.hasResourceProperties('AWS::RolesAnywhere::Profile', {
      Name: 'IAMRA-Profile',
      DurationSeconds: 900,
      Enabled: true,
      AcceptRoleSessionName: false,
    });
  });
});

describe('the trust anchor (defect 26)', () => {
  const endEntityOf = (certificateValidityDays: number) =>
    list(
      resources(
        templateOf({ certificateValidityDays, mustSurvive: '1h' }),
        'AWS::RolesAnywhere::TrustAnchor',
      )[0]?.properties['NotificationSettings'],
    )
      .map(record)
      .find(({ Event }) => Event === 'END_ENTITY_CERTIFICATE_EXPIRY');

  it('warns of a certificate only when its renewal must have failed', () => {
    expect(endEntityOf(7)).toMatchObject({ Enabled: true, Threshold: 1 });
  });

  it('is silent where no whole day fits between renewal and expiry', () => {
    expect(endEntityOf(1)).toEqual({
      Event: 'END_ENTITY_CERTIFICATE_EXPIRY',
      Channel: 'ALL',
      Enabled: false,
    });
  });
});

describe('an open trust policy', () => {
  const anchor = 'arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/1';
  const service = (conditions: Record<string, unknown> = {}): PrincipalBase =>
    new ServicePrincipal('rolesanywhere.amazonaws.com', { conditions });
  const errorsFor = (principal: PrincipalBase, allowOpenTrustPolicy = false): number => {
    const app = new App();
    stackOf({ allowOpenTrustPolicy }, app);
    const stack = new Stack(app, 'Application');
    new Role(stack, 'Role', { assumedBy: principal });
    return Annotations.fromStack(stack).findError(
      '*',
      Match.stringLikeRegexp('without naming a trust anchor'),
    ).length;
  };

  it.each([
    ['no condition', service()],
    ['the account only', service({ StringEquals: { 'aws:SourceAccount': '123456789012' } })],
    ['any anchor', service({ ArnLike: { 'aws:SourceArn': '*' } })],
    ['an operator that lets a missing key pass', service({ ArnEqualsIfExists: { 'aws:SourceArn': anchor } })],
    ['a negated operator', service({ ArnNotEquals: { 'aws:SourceArn': anchor } })],
  ])('fails synth anywhere in the app: %s', (_what, principal) => {
    expect(errorsFor(principal)).toBe(1);
  });

  it.each([
    ['an anchor', service({ ArnEquals: { 'aws:SourceArn': anchor } })],
    ['a key in other case', service({ StringEquals: { 'AWS:SourceARN': anchor } })],
    [
      'our principal',
      new RolesAnywherePrincipal({ trustAnchorArn: anchor, commonName: 'mi-0123456789abcdef0' }),
    ],
    ['another service', new ServicePrincipal('lambda.amazonaws.com')],
  ])('is not what names %s', (_what, principal) => {
    expect(errorsFor(principal)).toBe(0);
  });

  it('passes where it was asked for', () => {
    expect(errorsFor(service(), true)).toBe(0);
  });

  it('is seen in a role of the first level and behind an override, too', () => {
    const stack = new Stack(new App(), 'Application');
    OpenTrustPolicyCheck.addTo(stack);
    OpenTrustPolicyCheck.addTo(stack);
    const role = new CfnRole(stack, 'Role', { assumeRolePolicyDocument: {} });
    role.addPropertyOverride('AssumeRolePolicyDocument.Statement', [
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: '*' },
    ]);
    expect(Annotations.fromStack(stack).findError('*', Match.anyValue())).toHaveLength(1);
  });
});

describe('RolesAnywherePrincipal', () => {
  it('names one host exactly', () => {
    const stack = new Stack(new App(), 'Application');
    const role = new Role(stack, 'Role', {
      assumedBy: new RolesAnywherePrincipal({ trustAnchorArn: 'arn', commonName: 'mi-0123456789abcdef0' }),
    });
    expect(stack.resolve(role.assumeRolePolicy)).toMatchObject({
      Statement: [
        { Condition: { StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'mi-0123456789abcdef0' } } },
      ],
    });
  });
});
