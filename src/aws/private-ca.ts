import { GetCertificateCommand, IssueCertificateCommand } from '@aws-sdk/client-acm-pca';
import type { ACMPCAClient, SigningAlgorithm } from '@aws-sdk/client-acm-pca';
import { CertvendError } from '../core/errors.ts';
import { DAY } from '../core/time.ts';
import type { CertificateAuthority } from '../ports/certificate-authority.ts';
import { calling, errorName, translate } from './sdk-errors.ts';

export interface PrivateCa {
  readonly arn: string;
  readonly templateArn: string;
  readonly signingAlgorithm: string;
}

/** Answers after which the same request fails again at once; a disabled CA is told to the administrator and tried later. */
const REFUSED = {
  MalformedCSRException: 'InvalidRequest',
  InvalidArgsException: 'InvalidRequest',
  InvalidArnException: 'InvalidRequest',
  InvalidStateException: 'InvalidRequest',
  LimitExceededException: 'InvalidRequest',
  ResourceNotFoundException: 'NotFound',
} as const;

export function privateCa(
  client: ACMPCAClient,
  { arn, templateArn, signingAlgorithm }: PrivateCa,
): CertificateAuthority {
  return {
    async issue({ csr, validitySeconds, token }) {
      const command = new IssueCertificateCommand({
        CertificateAuthorityArn: arn,
        Csr: Buffer.from(csr, 'utf8'),
        // Checked against the key of the CA at synth.
        SigningAlgorithm: signingAlgorithm as SigningAlgorithm,
        TemplateArn: templateArn,
        Validity: { Type: 'DAYS', Value: Math.max(1, Math.round(validitySeconds / DAY)) },
        IdempotencyToken: token,
      });
      const { CertificateArn } = await calling('IssueCertificate', () => client.send(command), REFUSED);
      if (CertificateArn === undefined)
        throw new CertvendError('Unavailable', 'IssueCertificate returned no ARN');
      return CertificateArn;
    },
    async get(certificateArn) {
      try {
        const command = new GetCertificateCommand({
          CertificateAuthorityArn: arn,
          CertificateArn: certificateArn,
        });
        const { Certificate, CertificateChain } = await client.send(command);
        if (Certificate === undefined) return { state: 'pending' };
        return { state: 'issued', certificate: Certificate, chain: CertificateChain ?? '' };
      } catch (error) {
        const name = errorName(error);
        if (name === 'RequestInProgressException') return { state: 'pending' };
        if (name === 'RequestFailedException')
          return { state: 'failed', message: translate('GetCertificate', error).message };
        throw translate('GetCertificate', error);
      }
    },
  };
}
