/** Fingerprints of what the administrator asks for, so that a change is noticed by comparing two short texts. */
import { createHash } from 'node:crypto';
import type { CertificateRequest, Deployment, HostFacts } from './facts.ts';

/** 16 hexadecimal digits over what the certificate must say. */
export function requestHash(request: CertificateRequest): string {
  return shortHash([request.commonName, request.keyAlgorithm, request.issuer]);
}

/** 16 hexadecimal digits over where and how the files stand. How the pair is proven does not change what stands there. */
export function deploymentHash(deployment: Deployment): string {
  const {
    validation: _validation,
    withProxy: _withProxy,
    endpoint: _endpoint,
    signingHelperPath,
    ...files
  } = deployment;
  // The helper's place matters only where a profile of an AWS config file names it.
  return shortHash([
    ...Object.entries(files).sort().flat(),
    files.awsConfigFile === '' ? '' : signingHelperPath,
  ]);
}

/** 16 hexadecimal digits over everything of the row that is the administrator's; ends a back-off when it changes. */
export function administratorHash(facts: HostFacts): string {
  const { request, deployment, disabled, expiryPresent, problems } = facts;
  const files = Object.entries(deployment).sort().flat().map(String);
  return shortHash([requestHash(request), ...files, String(disabled), String(expiryPresent), ...problems]);
}

function shortHash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
