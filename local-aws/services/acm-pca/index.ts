/**
 * AWS Private CA: real keys, real certificates and real revocation lists, with the waits and refusals of the service.
 * Issuing is asynchronous, tokens are forgotten after five minutes, and certificates cannot be listed.
 */
import { z } from 'zod';
import { awsJson, operation, parseStrictly } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { JsonObject, Platform, Service } from '../../platform.ts';
import { createRateLimit, limitedTogether } from '../../rate-limit.ts';
import { signingAlgorithms } from '../../x509/algorithms.ts';
import { revocationReasons } from '../../x509/crl.ts';
import type { RevocationReason } from '../../x509/crl.ts';
import type { Authority, IssuedCertificate } from './authority.ts';
import { defaultTemplate, getCertificate, issue, templateOf } from './issue.ts';
import { acmPcaResources, validity } from './resources.ts';
import { createCrlPublisher, revoke } from './revocation.ts';

/** RevocationReason as a schema: the eight names of the API. */
const reasons = z.custom<RevocationReason>(
  (value) => typeof value === 'string' && Object.hasOwn(revocationReasons, value),
  `must be one of ${Object.keys(revocationReasons).join(', ')}`,
);

export function createAcmPcaService(platform: Platform): Service {
  const authorities = new Map<string, Authority>();
  const publisher = createCrlPublisher(platform);
  const timers = new Set<() => void>();
  let failNext = 0;

  function find(arn: string): Authority {
    if (!/^arn:[\w-]+:acm-pca:[\w-]+:\d+:certificate-authority\/[\w-]+$/.test(arn)) {
      throw new AwsError('InvalidArnException', `${arn} is not the ARN of a certificate authority`);
    }
    const found = authorities.get(arn);
    if (found === undefined)
      throw new AwsError('ResourceNotFoundException', `Could not find the certificate authority ${arn}`);
    return found;
  }

  function report(
    kind: 'Issuance' | 'Revocation',
    authority: Authority,
    arn: string,
    result: 'success' | 'failure',
  ): void {
    const detailType = `ACM Private CA Certificate ${kind}`;
    platform.emit({
      source: 'aws.acm-pca',
      'detail-type': detailType,
      resources: [authority.arn, arn],
      detail: { result },
    });
  }

  function issued(authority: Authority, entry: IssuedCertificate): void {
    report('Issuance', authority, entry.arn, entry.state === 'failed' ? 'failure' : 'success');
    // The first certificate of a CA brings its first list.
    if (authority.crlNumber === 0) publisher.soon(authority);
  }

  function signLater(authority: Authority, entry: IssuedCertificate, finish: () => void): void {
    const cancel = platform.clock.at(platform.clock.now() + platform.delays.issuance, () => {
      timers.delete(cancel);
      if (failNext > 0) {
        failNext -= 1;
        entry.state = 'failed';
      } else finish();
      issued(authority, entry);
    });
    timers.add(cancel);
  }

  return awsJson({
    scope: 'acm-pca',
    targetPrefix: 'ACMPrivateCA',
    access: platform.access,
    operations: withQuotas(
      platform,
      operations(platform, find, signLater, (authority, arn) => {
        report('Revocation', authority, arn, 'success');
        publisher.soon(authority);
      }),
    ),
    rest: {
      resources: acmPcaResources(platform, {
        add: (authority) => {
          authorities.set(authority.arn, authority);
          // One of the run before: its bucket is new and empty.
          if (authority.crlNumber > 0) publisher.soon(authority);
        },
        find,
        issued,
      }),
      controls: {
        'POST /_local/acm-pca/fail-issuance': (body) => {
          failNext = parseStrictly(z.strictObject({ times: z.number().int().min(0) }), body).times;
          return { times: failNext };
        },
      },
      close: () => {
        publisher.close();
        for (const cancel of timers) cancel();
      },
    },
  });
}

/** Calls per second of each operation. */
const quotas: Readonly<Record<string, number>> = {
  IssueCertificate: LIMITS.issueCertificateRate.value,
  GetCertificate: LIMITS.getCertificateRate.value,
  RevokeCertificate: LIMITS.revokeCertificateRate.value,
  DescribeCertificateAuthority: LIMITS.describeAuthorityRate.value,
  GetCertificateAuthorityCertificate: LIMITS.getAuthorityCertificateRate.value,
};

function withQuotas(platform: Platform, all: Record<string, Operation>): Record<string, Operation> {
  return Object.entries(quotas).reduce(
    (rest, [name, rate]) =>
      limitedTogether(createRateLimit(platform.clock, rate), new RegExp(`^${name}$`), rest),
    all,
  );
}

type SignLater = (authority: Authority, entry: IssuedCertificate, finish: () => void) => void;

function operations(
  platform: Platform,
  find: (arn: string) => Authority,
  signLater: SignLater,
  revoked: (authority: Authority, arn: string) => void,
): Record<string, Operation> {
  const ofAuthority = z.strictObject({ CertificateAuthorityArn: z.string() });
  const onAuthority = (action: string) => (input: { readonly CertificateAuthorityArn: string }) => [
    { action: `acm-pca:${action}`, resource: input.CertificateAuthorityArn },
  ];
  return {
    IssueCertificate: issueOperation(platform, find, signLater),
    GetCertificate: operation({
      input: z.strictObject({ CertificateAuthorityArn: z.string(), CertificateArn: z.string() }),
      needs: onAuthority('GetCertificate'),
      run: (input) => getCertificate(find(input.CertificateAuthorityArn), input.CertificateArn),
    }),
    RevokeCertificate: operation({
      input: z.strictObject({
        CertificateAuthorityArn: z.string(),
        CertificateSerial: z.string().min(1).max(128),
        RevocationReason: reasons,
      }),
      needs: onAuthority('RevokeCertificate'),
      run: (input) => {
        const authority = find(input.CertificateAuthorityArn);
        revoked(
          authority,
          revoke(authority, input.CertificateSerial, input.RevocationReason, platform.clock.now()),
        );
        return {};
      },
    }),
    DescribeCertificateAuthority: operation({
      input: ofAuthority,
      needs: onAuthority('DescribeCertificateAuthority'),
      run: (input) => ({ CertificateAuthority: describe(platform, find(input.CertificateAuthorityArn)) }),
    }),
    GetCertificateAuthorityCertificate: operation({
      input: ofAuthority,
      needs: onAuthority('GetCertificateAuthorityCertificate'),
      run: (input) => {
        const { certificate } = find(input.CertificateAuthorityArn);
        if (certificate === undefined)
          throw new AwsError('InvalidStateException', 'the CA has no certificate yet');
        return { Certificate: certificate.pem };
      },
    }),
    ListTags: operation({
      input: z.strictObject({
        CertificateAuthorityArn: z.string(),
        MaxResults: z.number().optional(),
        NextToken: z.string().optional(),
      }),
      needs: onAuthority('ListTags'),
      run: (input) => {
        find(input.CertificateAuthorityArn);
        return { Tags: [] };
      },
    }),
  };
}

function issueOperation(
  platform: Platform,
  find: (arn: string) => Authority,
  signLater: SignLater,
): Operation {
  const standardTemplate = `arn:${platform.partition}:acm-pca:::template/${defaultTemplate}`;
  return operation({
    input: z.strictObject({
      CertificateAuthorityArn: z.string(),
      Csr: z.base64().min(1),
      SigningAlgorithm: z.enum(signingAlgorithms),
      TemplateArn: z.string().default(standardTemplate),
      Validity: validity,
      ValidityNotBefore: validity.optional(),
      IdempotencyToken: z.string().min(1).max(36).optional(),
    }),
    needs: (input) => [
      {
        action: 'acm-pca:IssueCertificate',
        resource: input.CertificateAuthorityArn,
        context: { 'acm-pca:TemplateArn': input.TemplateArn },
      },
    ],
    run: (input) => {
      const authority = find(input.CertificateAuthorityArn);
      const csr = Buffer.from(input.Csr, 'base64');
      const { value: most } = LIMITS.csrBytes;
      if (csr.length > most) throw new AwsError('ValidationException', `Csr: at most ${String(most)} bytes`);
      const request = {
        csrPem: csr.toString('latin1'),
        signingAlgorithm: input.SigningAlgorithm,
        template: templateOf(input.TemplateArn),
        validity: input.Validity,
        validityNotBefore: input.ValidityNotBefore,
        idempotencyToken: input.IdempotencyToken,
      };
      const arn = issue(platform, authority, request, (entry, finish) => {
        signLater(authority, entry, finish);
      });
      return { CertificateArn: arn };
    },
  });
}

function describe(platform: Platform, authority: Authority): JsonObject {
  const { certificate } = authority;
  return {
    Arn: authority.arn,
    OwnerAccount: platform.accountId,
    CreatedAt: authority.createdAt / 1000,
    Type: 'ROOT',
    Status: authority.status,
    ...(certificate !== undefined && {
      NotBefore: certificate.notBefore / 1000,
      NotAfter: certificate.notAfter / 1000,
    }),
    KeyStorageSecurityStandard: 'FIPS_140_2_LEVEL_3_OR_HIGHER',
    ...authority.settings.description,
  };
}
