/** IssueCertificate and GetCertificate: templates, validity, idempotency, asynchronous signing. */
import { AwsError } from '../../platform.ts';
import { LIMITS } from '../../limits.ts';
import type { JsonObject, Platform } from '../../platform.ts';
import { fits } from '../../x509/algorithms.ts';
import type { SigningAlgorithm } from '../../x509/algorithms.ts';
import { clientAuth, readRequest, serverAuth } from '../../x509/certificate.ts';
import type { Extension, RequestContent } from '../../x509/certificate.ts';
import * as extensions from '../../x509/extensions.ts';
import { fromPem } from '../../x509/pem.ts';
import { register, requireActive, sign } from './authority.ts';
import type { Authority, IssuedCertificate } from './authority.ts';

const day = 86_400_000;

export interface Validity {
  readonly Type: 'ABSOLUTE' | 'DAYS' | 'MONTHS' | 'YEARS' | 'END_DATE';
  readonly Value: number;
}

export interface IssueRequest {
  readonly csrPem: string;
  readonly signingAlgorithm: SigningAlgorithm;
  /** `EndEntityCertificate/V1` */
  readonly template: string;
  readonly validity: Validity;
  readonly validityNotBefore?: Validity | undefined;
  readonly idempotencyToken?: string | undefined;
}

export const defaultTemplate = 'EndEntityCertificate/V1';

/** The template's name and version out of its ARN; a template that is not modelled is refused by name. */
export function templateOf(arn: string): string {
  const name = /^arn:[\w-]+:acm-pca:::template\/(.+)$/.exec(arn)?.[1];
  if (name === undefined) throw new AwsError('InvalidArnException', `${arn} is not the ARN of a template`);
  if (!(name in purposes))
    throw new AwsError('InvalidArgsException', `the local AWS has no template ${name}`);
  return name;
}

const purposes: Readonly<Record<string, readonly string[]>> = {
  'EndEntityCertificate/V1': [serverAuth, clientAuth],
  'EndEntityClientAuthCertificate/V1': [clientAuth],
  'RootCACertificate/V1': [],
};

/** Accepts a request for an end-entity certificate; `done` runs when it is signed. */
export function issue(
  platform: Platform,
  authority: Authority,
  request: IssueRequest,
  done: (entry: IssuedCertificate, finish: () => void) => void,
): string {
  requireActive(authority);
  const now = platform.clock.now();
  const known =
    request.idempotencyToken === undefined ? undefined : authority.tokens.get(request.idempotencyToken);
  if (known !== undefined && now - known.usedAt < LIMITS.idempotencyWindow.value) return known.arn;
  const { csr, notBefore, notAfter } = check(authority, request, now);
  if (
    authority.settings.crl !== undefined &&
    authority.issued.size >= LIMITS.certificatesWithCompleteCrl.value
  ) {
    throw new AwsError(
      'LimitExceededException',
      'a certificate authority with a complete CRL can issue 1,000,000 certificates',
    );
  }
  const entry = register(authority, notAfter);
  if (request.idempotencyToken !== undefined)
    authority.tokens.set(request.idempotencyToken, { arn: entry.arn, usedAt: now });
  const content = { subject: csr.subject, publicKeyInfo: csr.publicKeyInfo, notBefore, notAfter };
  done(entry, () => {
    const list = endEntityExtensions(platform, authority, request.template, csr);
    sign(authority, entry, { ...content, extensions: list }, request.signingAlgorithm);
  });
  return entry.arn;
}

function check(authority: Authority, request: IssueRequest, now: number) {
  if (request.template === 'RootCACertificate/V1') {
    throw new AwsError(
      'InvalidStateException',
      'a root CA certificate can be issued only while the CA awaits its certificate',
    );
  }
  const csr = parseRequest(request.csrPem);
  if (!fits(authority.settings.keyAlgorithm, request.signingAlgorithm)) {
    throw new AwsError(
      'InvalidArgsException',
      `${request.signingAlgorithm} does not fit the CA's ${authority.settings.keyAlgorithm} key`,
    );
  }
  const notAfter = endOf(request.validity, now);
  if (request.validityNotBefore !== undefined && request.validityNotBefore.Type !== 'ABSOLUTE') {
    throw new AwsError('InvalidArgsException', 'ValidityNotBefore must be of type ABSOLUTE');
  }
  const notBefore =
    request.validityNotBefore === undefined ? now - 3_600_000 : request.validityNotBefore.Value * 1000;
  if (notAfter <= now || notAfter <= notBefore)
    throw new AwsError('InvalidArgsException', 'the validity ends before it begins');
  if (authority.settings.shortLived && notAfter - now > LIMITS.shortLivedValidity.value * day) {
    throw new AwsError(
      'ValidationException',
      'the CA is in short-lived certificate mode: validity is limited to 7 days',
    );
  }
  if (notAfter > (authority.certificate?.notAfter ?? 0)) {
    throw new AwsError(
      'ValidationException',
      'The certificate validity specified exceeds the certificate authority validity',
    );
  }
  return { csr, notBefore, notAfter };
}

export function parseRequest(pem: string): RequestContent {
  const [bytes] = fromPem(pem, 'CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST');
  if (bytes === undefined)
    throw new AwsError('MalformedCSRException', 'The certificate signing request is not PEM');
  try {
    const csr = readRequest(bytes);
    const emptyName = csr.subject.length <= 2;
    if (emptyName && csr.subjectAltName === undefined) throw new Error('it has neither a subject nor a SAN');
    return csr;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be read';
    throw new AwsError('MalformedCSRException', `The certificate signing request is invalid: ${reason}`);
  }
}

/** notAfter in milliseconds. */
export function endOf(validity: Validity, now: number): number {
  const { Type: type, Value: value } = validity;
  if (type === 'ABSOLUTE') return value * 1000;
  if (type === 'DAYS') return now + value * day;
  if (type === 'END_DATE') {
    const digits = String(value);
    const full = digits.length === 12 ? `${Number(digits.slice(0, 2)) < 50 ? '20' : '19'}${digits}` : digits;
    const at = Date.parse(full.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z'));
    if (Number.isNaN(at))
      throw new AwsError('InvalidArgsException', `END_DATE ${digits} is not YYMMDDHHMMSS or YYYYMMDDHHMMSS`);
    return at;
  }
  const end = new Date(now);
  end.setUTCMonth(end.getUTCMonth() + (type === 'YEARS' ? value * 12 : value));
  return end.getTime();
}

function endEntityExtensions(
  platform: Platform,
  authority: Authority,
  template: string,
  csr: RequestContent,
): Extension[] {
  const { crl } = authority.settings;
  const url = `http://${crl?.bucket ?? ''}.s3.${platform.region}.amazonaws.com/${crl?.prefix ?? ''}${authority.id}.crl`;
  return [
    extensions.basicConstraints(false),
    extensions.authorityKeyIdentifier(authority.publicKeyInfo),
    extensions.subjectKeyIdentifier(csr.publicKeyInfo),
    extensions.keyUsage('digitalSignature', 'keyEncipherment'),
    extensions.extendedKeyUsage(...(purposes[template] ?? [])),
    ...(csr.subjectAltName === undefined ? [] : [csr.subjectAltName]),
    ...(crl === undefined || crl.omitDistributionPoint ? [] : [extensions.crlDistributionPoint(url)]),
  ];
}

export function getCertificate(authority: Authority, arn: string): JsonObject {
  const entry = authority.issued.get(arn.slice(arn.lastIndexOf('/') + 1));
  if (entry?.arn !== arn)
    throw new AwsError('ResourceNotFoundException', `Could not find certificate ${arn}`);
  if (entry.state === 'pending')
    throw new AwsError('RequestInProgressException', `The request for ${arn} is in progress`);
  if (entry.state === 'failed')
    throw new AwsError('RequestFailedException', `The request for ${arn} has failed`);
  return { Certificate: entry.pem, CertificateChain: authority.certificate?.pem ?? '' };
}
