/** The sample's role trusted Roles Anywhere without any condition: every trust anchor of every account. */
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { ofType, templateIn } from '../template.ts';

const trust = z.object({
  Statement: z.array(
    z.object({
      Principal: z.record(z.string(), z.json()),
      Condition: z.record(z.string(), z.record(z.string(), z.json())),
    }),
  ),
});

describe('defect 15: a trust policy without conditions', () => {
  const role = ofType(templateIn(inject('assembly')), 'AWS::IAM::Role').find(
    ({ RoleName }) => RoleName === 'IAMRA-Role',
  );

  it('the sample role names the trust anchor, the account and the subject', () => {
    const { Statement } = trust.parse(role?.['AssumeRolePolicyDocument']);
    expect(Statement).toMatchObject([
      {
        Principal: { Service: 'rolesanywhere.amazonaws.com' },
        Condition: {
          ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': ['TrustAnchor', 'TrustAnchorArn'] } },
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
          StringLike: { 'aws:PrincipalTag/x509Subject/CN': 'mi-*' },
        },
      },
    ]);
  });
});
