/** Facts with good defaults; a test names only what matters to it. */
import type {
  Attempt,
  CurrentCertificate,
  Failure,
  HostDefaults,
  HostFacts,
  IssuancePolicy,
} from '../../src/core/facts.ts';
import { administratorHash, deploymentHash, requestHash } from '../../src/core/hashes.ts';
import { checkRow } from '../../src/core/host-request.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';

export const NOW = 1_800_000_000;
export const HOST = 'mi-0123456789abcdef0';
export const CA =
  'arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/11111111-2222-3333-4444-555555555555';
export const ATTEMPT = '01JD00000000000000000000AA';

export const DEFAULTS: HostDefaults = {
  certPath: '/etc/certvend',
  keyPath: '/etc/certvend',
  csrPath: '/etc/certvend',
  caCertPath: '/etc/certvend',
  signingHelperPath: '/root',
  keyAlgorithm: 'RSA_2048',
  validation: 'required',
  withProxy: false,
  endpoint: '',
};

export const POLICY: IssuancePolicy = {
  validitySeconds: 7 * DAY,
  renewAtFraction: 2 / 3,
  mustSurviveSeconds: 48 * HOUR,
  checkIntervalSeconds: 15 * MINUTE,
  startsPerSecond: 4,
  maxIssuancesPerHostPerDay: 6,
  maxIssuancesPerFleetPerDay: 10_000,
};

export const { request: REQUEST, deployment: DEPLOYMENT } = checkRow(HOST, {}, DEFAULTS, CA);

export function certificate(changes: Partial<CurrentCertificate> = {}): CurrentCertificate {
  return {
    arn: `${CA}/certificate/0a1b2c3d`,
    serial: '0A1B2C3D',
    publicKeyHash: 'a'.repeat(64),
    notBefore: NOW - HOUR,
    notAfter: NOW + 7 * DAY,
    requestHash: requestHash(REQUEST),
    deploymentHash: deploymentHash(DEPLOYMENT),
    deployedAt: NOW,
    ...changes,
  };
}

export function attempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    id: ATTEMPT,
    stage: 'csr',
    startedAt: NOW,
    stageSince: NOW,
    deadline: NOW + 15 * MINUTE,
    requestHash: requestHash(REQUEST),
    deploymentHash: deploymentHash(DEPLOYMENT),
    resumes: 0,
    ...changes,
  };
}

/** The same attempt after a failed deployment. */
export function parked(changes: Partial<Attempt> = {}): Attempt {
  const { deadline: _deadline, ...rest } = attempt({ stage: 'deploying', issued: certificate(), ...changes });
  return rest;
}

/** A host whose row holds only its id. */
export function host(changes: Partial<HostFacts> = {}): HostFacts {
  return {
    hostId: HOST,
    disabled: false,
    expiryPresent: false,
    problems: [],
    request: REQUEST,
    deployment: DEPLOYMENT,
    ...changes,
  };
}

/** A host with a certificate in use. */
export function enrolled(changes: Partial<HostFacts> = {}): HostFacts {
  return host({ expiryPresent: true, certificate: certificate(), revision: 'r1', ...changes });
}

export function failure(facts: HostFacts, changes: Partial<Failure> = {}): Failure {
  return {
    step: 'deploy',
    reason: 'SessionRefused',
    message: 'the session was refused',
    at: NOW,
    since: NOW,
    count: 1,
    retryAt: NOW + 15 * MINUTE,
    rowHash: administratorHash(facts),
    ...changes,
  };
}

/** The facts with a failure whose back-off belongs to the row as it is. */
export function failing(facts: HostFacts, changes: Partial<Failure> = {}): HostFacts {
  return { ...facts, failure: failure(facts, changes) };
}
