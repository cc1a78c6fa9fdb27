/** Roles Anywhere warns 45 days before an end-entity certificate expires: with 7-day certificates, of every host, daily. */
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { ofType, runtimeOf, templateIn } from '../template.ts';

const settings = z.array(
  z.object({ Event: z.string(), Enabled: z.boolean(), Threshold: z.number().optional() }),
);

describe('defect 26: the default notice of 45 days', () => {
  const template = templateIn(inject('assembly'));

  it('is replaced by one that only comes when a renewal must have failed', () => {
    const [anchor] = ofType(template, 'AWS::RolesAnywhere::TrustAnchor');
    const found = settings
      .parse(anchor?.['NotificationSettings'])
      .find(({ Event }) => Event === 'END_ENTITY_CERTIFICATE_EXPIRY');
    const { validitySeconds, renewAtFraction } = z
      .object({ validitySeconds: z.number(), renewAtFraction: z.number() })
      .parse(runtimeOf(template)['policy']);
    const leftAtRenewal = (validitySeconds * (1 - renewAtFraction)) / 86_400;
    expect(found?.Enabled === false || (found?.Threshold ?? 45) < leftAtRenewal).toBe(true);
  });
});
