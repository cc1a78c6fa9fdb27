/** Condition keys that every request has because of who makes it. */
import type { Caller, Session } from '../platform.ts';

/** Resources that a service reaches only when their own policy lets it. */
export function bearsPolicy(resource: string): boolean {
  return /^arn:[^:]*:(?:sqs|sns|s3|lambda|kms):/.test(resource);
}

/** Condition keys that come with the caller, not with the request. */
export function callerContext(
  caller: Exclude<Caller, { kind: 'administrator' }>,
  accountId: string,
  session: Session | undefined,
): Record<string, string> {
  const always = {
    // The loopback interface stands for TLS here: policies that refuse plain HTTP mean the network.
    'aws:SecureTransport': 'true',
    'aws:ResourceAccount': accountId,
  };
  if (caller.kind === 'service') {
    return {
      ...always,
      'aws:PrincipalIsAWSService': 'true',
      'aws:PrincipalServiceName': caller.service,
      'aws:SourceAccount': accountId,
      ...(caller.sourceArn === undefined ? {} : { 'aws:SourceArn': caller.sourceArn }),
    };
  }
  return {
    ...always,
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalArn': caller.roleArn,
    'aws:PrincipalAccount': accountId,
    'aws:PrincipalType': 'AssumedRole',
    ...(session?.sourceIdentity === undefined ? {} : { 'aws:SourceIdentity': session.sourceIdentity }),
    ...Object.fromEntries(
      Object.entries(session?.tags ?? {}).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]),
    ),
  };
}
