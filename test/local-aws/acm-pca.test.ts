import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { administrator, createSmallPlatform, settled, text } from './small-platform.ts';
import type { SmallPlatform } from './small-platform.ts';
import { createAuthority, createHost, issueFor, issueInput, openssl } from './private-ca.ts';

let platform: SmallPlatform;
beforeEach(() => {
  platform = createSmallPlatform();
});
afterEach(() => platform.close());

const epoch = () => String(Math.floor(platform.clock.now() / 1000));

test.each([
  ['RSA_2048', 'SHA256WITHRSA', 'rsa'],
  ['EC_secp384r1', 'SHA384WITHECDSA', 'ec'],
] as const)(
  'openssl accepts a certificate for an %s authority',
  async (keyAlgorithm, signingAlgorithm, hostKey) => {
    const authority = await createAuthority(platform, {
      KeyAlgorithm: keyAlgorithm,
      SigningAlgorithm: signingAlgorithm,
    });
    const host = createHost(platform, '/CN=mi-0123456789abcdef0', hostKey, 'DNS:a.example.com');
    const arn = await issueFor(platform, authority, host, { SigningAlgorithm: signingAlgorithm });
    openssl(
      'verify',
      '-x509_strict',
      '-attime',
      epoch(),
      '-purpose',
      'sslclient',
      '-CAfile',
      host.chainFile,
      host.certificateFile,
    );
    const shown = openssl('x509', '-noout', '-text', '-in', host.certificateFile);
    expect(shown).toContain('Subject: CN = mi-0123456789abcdef0');
    expect(shown).toContain('TLS Web Client Authentication');
    expect(shown).not.toContain('TLS Web Server Authentication');
    expect(shown).toContain('DNS:a.example.com');
    expect(shown).toContain('CA:FALSE');
    expect(shown).not.toContain('CRL Distribution Points');
    const serial = openssl('x509', '-noout', '-serial', '-in', host.certificateFile)
      .trim()
      .replace('serial=', '');
    expect(arn).toBe(`${authority.arn}/certificate/${serial.toLowerCase()}`);
    expect(platform.events.at(-1)).toEqual({
      source: 'aws.acm-pca',
      'detail-type': 'ACM Private CA Certificate Issuance',
      resources: [authority.arn, arn],
      detail: { result: 'success' },
    });
  },
);

test('a certificate begins an hour before it was asked for and cannot be fetched until it is signed', async () => {
  const authority = await createAuthority(platform);
  const host = createHost(platform, '/CN=mi-0123456789abcdef0');
  const { CertificateArn: arn } = await authority.service.call(
    'IssueCertificate',
    issueInput(authority, host),
    administrator,
  );
  const get = () =>
    authority.service.call(
      'GetCertificate',
      { CertificateAuthorityArn: authority.arn, CertificateArn: arn ?? '' },
      administrator,
    );
  await expect(get()).rejects.toMatchObject({ code: 'RequestInProgressException' });
  platform.clock.advance(2000);
  const file = join(host.directory, 'crt');
  writeFileSync(file, text((await get())['Certificate']));
  expect(openssl('x509', '-noout', '-dates', '-in', file)).toBe(
    'notBefore=Dec 31 23:00:00 2026 GMT\nnotAfter=Jan  8 00:00:00 2027 GMT\n',
  );
});

test('an idempotency token is remembered for five minutes of moved time', async () => {
  const authority = await createAuthority(platform);
  const host = createHost(platform, '/CN=mi-0123456789abcdef0');
  const ask = async () =>
    (
      await authority.service.call(
        'IssueCertificate',
        issueInput(authority, host, { IdempotencyToken: 'once' }),
        administrator,
      )
    )['CertificateArn'];
  const first = await ask();
  platform.clock.advance(4 * 60_000);
  expect(await ask()).toBe(first);
  platform.clock.advance(61_000);
  expect(await ask()).not.toBe(first);
});

test.each([
  ['a validity beyond seven days', { Validity: { Type: 'DAYS', Value: 8 } }, 'ValidationException'],
  ['a request that is not one', { Csr: Buffer.from('hello').toString('base64') }, 'MalformedCSRException'],
  ['a signature of another key family', { SigningAlgorithm: 'SHA256WITHECDSA' }, 'InvalidArgsException'],
  [
    'a template that is not modelled',
    { TemplateArn: 'arn:aws:acm-pca:::template/CodeSigningCertificate/V1' },
    'InvalidArgsException',
  ],
  ['an unknown parameter', { ApiPassthrough: {} }, 'ValidationException'],
])('IssueCertificate refuses %s', async (_what, changes, code) => {
  const authority = await createAuthority(platform);
  const host = createHost(platform, '/CN=mi-0123456789abcdef0', 'ec');
  await expect(
    authority.service.call('IssueCertificate', issueInput(authority, host, changes), administrator),
  ).rejects.toMatchObject({ code });
});

test('a request whose signature was tampered with is malformed', async () => {
  const authority = await createAuthority(platform);
  const host = createHost(platform, '/CN=mi-0123456789abcdef0', 'ec');
  const bytes = Buffer.from(host.csr.replace(/-----.*-----|\n/g, ''), 'base64');
  bytes[bytes.indexOf('mi-0')] = 0x6e;
  const csr = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
  const input = issueInput(authority, host, { Csr: Buffer.from(csr).toString('base64') });
  await expect(authority.service.call('IssueCertificate', input, administrator)).rejects.toMatchObject({
    code: 'MalformedCSRException',
  });
});

test('half an hour after a revocation openssl reads the serial and reason from the list in the bucket', async () => {
  const authority = await createAuthority(platform);
  expect([...platform.objects.keys()]).toEqual(['crl-bucket/acm-pca-permission-test-key']);
  const host = createHost(platform, '/CN=mi-0123456789abcdef0');
  const arn = await issueFor(platform, authority, host);
  const serial = arn.slice(arn.lastIndexOf('/') + 1).toUpperCase();
  const revoke = () =>
    authority.service.call(
      'RevokeCertificate',
      {
        CertificateAuthorityArn: authority.arn,
        CertificateSerial: serial,
        RevocationReason: 'KEY_COMPROMISE',
      },
      administrator,
    );
  await revoke();
  await expect(revoke()).rejects.toMatchObject({ code: 'RequestAlreadyProcessedException' });
  platform.clock.advance(30 * 60_000);
  await settled();
  const key = `crl-bucket/crl/${authority.arn.split('/')[1] ?? ''}.crl`;
  const file = join(host.directory, 'crl');
  const readList = () => {
    writeFileSync(file, platform.objects.get(key) ?? '');
    return openssl('crl', '-inform', 'DER', '-in', file, '-noout', '-text', '-CAfile', host.chainFile);
  };
  const list = readList();
  expect(list).toContain(`Serial Number: ${serial}`);
  expect(list).toContain('Key Compromise');
  expect(list).toMatch(/X509v3 CRL Number: \n\s+1/);
  expect(list).toContain('X509v3 Authority Key Identifier');
  expect(platform.events.at(-1)).toMatchObject({
    'detail-type': 'ACM Private CA CRL Generation',
    detail: { result: 'success' },
  });
  platform.clock.advance(3.5 * 86_400_000);
  await settled();
  expect(readList()).toMatch(/X509v3 CRL Number: \n\s+2/);
});

test('signing can fail after the request was accepted', async () => {
  const authority = await createAuthority(platform);
  const host = createHost(platform, '/CN=mi-0123456789abcdef0', 'ec');
  await authority.service.controls?.['POST /_local/acm-pca/fail-issuance']?.({ times: 1 });
  await expect(issueFor(platform, authority, host)).rejects.toMatchObject({ code: 'RequestFailedException' });
  expect(platform.events.at(-1)).toMatchObject({ detail: { result: 'failure' } });
  await issueFor(platform, authority, host);
});
