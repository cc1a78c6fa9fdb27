/** The parameters of the command documents: names as in ssm-documents/*.yaml, all texts, no secret among them. */
import type { Deployment } from '../core/facts.ts';
import type { RunningFacts } from './attempt-work.ts';

/** ARNs that a host needs to earn a session. */
export interface SessionTarget {
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  readonly region: string;
}

export function csrParameters(
  { hostId, attempt, request, deployment }: RunningFacts,
  now: number,
): Record<string, string> {
  return {
    ...common(hostId, attempt.id, deployment, now),
    KeyAlgorithm: request.keyAlgorithm,
  };
}

export function deploymentParameters(
  { hostId, attempt, deployment }: RunningFacts,
  pem: { readonly certificate: string; readonly chain: string },
  target: SessionTarget,
  now: number,
): Record<string, string> {
  return {
    ...common(hostId, attempt.id, deployment, now),
    Certificate: base64(pem.certificate),
    Chain: base64(pem.chain),
    TrustAnchorArn: target.trustAnchorArn,
    ProfileArn: target.profileArn,
    RoleArn: target.roleArn,
    Region: target.region,
    Endpoint: deployment.endpoint,
    WithProxy: String(deployment.withProxy),
    KeyMode: deployment.keyMode,
    ReloadUnit: deployment.reloadUnit,
    AwsConfigFile: deployment.awsConfigFile,
    AwsProfile: deployment.awsProfile,
  };
}

function common(
  hostId: string,
  attempt: string,
  deployment: Deployment,
  now: number,
): Record<string, string> {
  return {
    Attempt: attempt,
    HostId: hostId,
    RequestedAt: String(now),
    CertPath: deployment.certPath,
    KeyPath: deployment.keyPath,
    CsrPath: deployment.csrPath,
    CaCertPath: deployment.caCertPath,
    SigningHelperPath: deployment.signingHelperPath,
    Validation: deployment.validation,
    Owner: deployment.owner,
    Group: deployment.group,
  };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
