import { readdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csrOf, pairOf, rotate } from './pair.ts';
import { TestCa, base64 } from './test-ca.ts';
import type { Issued } from './test-ca.ts';
import { HOST_ID, TestHost, attempt } from './test-host.ts';
import type { Run } from './test-host.ts';

const DAY = 86_400;
let ca: TestCa;
let enrolled: TestHost;
let host: TestHost;
let csr: string;
let issued: Issued;

beforeAll(async () => {
  ca = await TestCa.create();
  enrolled = TestHost.create();
  await rotate(enrolled, ca, 1);
  csr = csrOf(await enrolled.run('GenerateCsr', { Attempt: attempt(2) }));
  issued = await ca.issue(csr);
});
afterAll(() => {
  ca.remove();
  enrolled.remove();
});

/** Deploys attempt 2 on a copy of the enrolled host and expects that a failure has left the old pair alone. */
async function expectRefusal(
  changes: Readonly<Record<string, string>>,
  expected: Readonly<Record<string, unknown>>,
): Promise<Run> {
  const before = pairOf(host);
  const run = await host.run('DeployCertificate', { Attempt: attempt(2), ...issued, ...changes });
  expect(run).toMatchObject({ code: 1, result: { ok: false, ...expected } });
  expect(pairOf(host)).toEqual(before);
  expect(host.text('/etc/certvend/ca_chain_certificate.crt')).toBe(ca.chain);
  expect(readdirSync(host.path(`/etc/certvend/.certvend/${HOST_ID}`)).sort()).toEqual([
    'credential-process',
    'current',
    'generations',
  ]);
  return run;
}

/** Runs the body on a copy of the enrolled host. */
function onCopy(body: () => Promise<void>): () => Promise<void> {
  return async () => {
    host = enrolled.copy();
    try {
      await body();
    } finally {
      host.remove();
    }
  };
}

describe('a failed proof keeps the old pair', () => {
  test(
    'when CreateSession refuses; the next try succeeds with the same certificate',
    onCopy(async () => {
      host.helper('refuse');
      const run = await expectRefusal({}, { step: 'session', reason: 'SessionRefused' });
      expect(run.result['message']).toContain('AccessDeniedException: "Untrusted certificate" \\');

      host.helper('succeed');
      const again = await host.run('DeployCertificate', { Attempt: attempt(2), ...issued });
      expect(again.result).toMatchObject({ ok: true, outcome: 'deployed', serial: pairOf(host).serial });
    }),
  );

  test(
    'when the helper never answers',
    onCopy(async () => {
      host.helper('hang');
      const before = pairOf(host);
      const run = await host.run(
        'DeployCertificate',
        { Attempt: attempt(2), ...issued },
        { edit: (script) => script.replace('session_seconds=45', 'session_seconds=1') },
      );
      expect(run.result).toMatchObject({ ok: false, step: 'session', reason: 'SessionTimedOut' });
      expect(pairOf(host)).toEqual(before);
    }),
  );

  test(
    'when the helper answers without credentials',
    onCopy(async () => {
      host.helper('silent');
      await expectRefusal({}, { step: 'session', reason: 'SessionUnreadable' });
    }),
  );
});

describe('the proof', () => {
  test(
    'shows nothing secret and passes everything the helper needs',
    onCopy(async () => {
      const run = await host.run(
        'DeployCertificate',
        { Attempt: attempt(2), ...issued, Endpoint: 'https://vpce-1.example.com', WithProxy: 'true' },
        {
          env: {
            SHELLOPTS: 'xtrace',
            AWS_PROFILE: 'node',
            AWS_SHARED_CREDENTIALS_FILE: '/x',
            AWS_CONFIG_FILE: '/y',
          },
        },
      );
      expect(run.code).toBe(0);
      expect(run.stdout + run.stderr).not.toMatch(/topsecret|ASIA|PRIVATE KEY/);
      const words = host.text('/root/helper-arguments');
      expect(words).toContain('--endpoint\nhttps://vpce-1.example.com\n--with-proxy\n');
      expect(words).toContain('--region\nus-east-1\n');
      expect(host.text('/root/helper-environment')).not.toMatch(
        /^AWS_(PROFILE|SHARED_CREDENTIALS_FILE|CONFIG_FILE)=/m,
      );
    }),
  );

  test(
    'cuts what could be a secret out of the error text',
    onCopy(async () => {
      host.helper('refuse');
      const run = await expectRefusal({}, { reason: 'SessionRefused' });
      expect(run.stdout + run.stderr).not.toMatch(/topsecret|AKIA/);
    }),
  );

  test(
    'is left out where validation is off or the helper may be absent',
    onCopy(async () => {
      host.helper('refuse');
      const off = await host.run('DeployCertificate', { Attempt: attempt(2), ...issued, Validation: 'off' });
      expect(off.result).toMatchObject({ ok: true, validated: false, sessionExpiration: '' });
      rmSync(host.path('/root/aws_signing_helper'));
      const absent = await rotate(host, ca, 3, { Validation: 'ifHelperPresent' });
      expect(absent.result).toMatchObject({ ok: true, validated: false });
    }),
  );

  test(
    'is asked where validation is ifHelperPresent and the helper is there',
    onCopy(async () => {
      host.helper('refuse');
      await expectRefusal({ Validation: 'ifHelperPresent' }, { reason: 'SessionRefused' });
    }),
  );
});

describe('a certificate is refused', () => {
  test(
    'for another key',
    onCopy(async () => {
      const other = await ca.issue(await ca.strangersRequest(`/CN=${HOST_ID}`));
      await expectRefusal(other, { step: 'key', reason: 'KeyMismatch' });
    }),
  );

  test.each([['/CN=mi-0fffffffffffffff0'], [`/CN=${HOST_ID}/CN=mi-0fffffffffffffff0`], ['/O=Example Corp']])(
    'for the subject %s',
    async (subject) => {
      await onCopy(async () => {
        const key = host.path(`/var/lib/certvend/${HOST_ID}/staging/${attempt(2)}/private-key.pem`);
        const request = await ca.requestWith(key, subject);
        await expectRefusal(await ca.issue(request), { step: 'verify', reason: 'SubjectMismatch' });
      })();
    },
  );

  test(
    'that has expired, or is not valid yet, by the one reading of the clock',
    onCopy(async () => {
      const now = Math.floor(Date.now() / 1000);
      host.shiftClock(8 * DAY);
      await expectRefusal({ RequestedAt: String(now + 8 * DAY) }, { reason: 'CertificateExpired' });
      host.shiftClock(-8 * DAY);
      await expectRefusal({ RequestedAt: String(now - 8 * DAY) }, { step: 'verify' });
    }),
  );

  test(
    'that is not for clients',
    onCopy(async () => {
      await expectRefusal(await ca.issue(csr, { extensions: 'server' }), {
        step: 'verify',
        reason: 'ChainInvalid',
      });
    }),
  );

  test(
    'that another CA signed, whatever the system trusts',
    onCopy(async () => {
      const stranger = await TestCa.create();
      const { Certificate } = await stranger.issue(csr);
      await expectRefusal({ Certificate }, { step: 'verify', reason: 'ChainInvalid' });
      stranger.remove();
    }),
  );

  test(
    'whose chain does not lead to its last member, and accepted when it does',
    onCopy(async () => {
      const below = await TestCa.create(ca);
      const deep = await below.issue(csr);
      await expectRefusal({ ...deep, Chain: base64(ca.chain) }, { reason: 'ChainInvalid' });
      const [intermediate] = below.chain.split(/(?<=-----END CERTIFICATE-----\n)/);
      const whole = await host.run('DeployCertificate', { Attempt: attempt(2), ...deep });
      expect(whole.result).toMatchObject({ ok: true });
      const subordinateOnly = await host.run('DeployCertificate', {
        Attempt: attempt(3),
        ...deep,
        Chain: base64(intermediate ?? ''),
      });
      expect(subordinateOnly.result).toMatchObject({ ok: true });
      below.remove();
    }),
  );

  test.each([
    ['a cut', (text: string) => text.slice(0, 401), 'CertificateUnreadable'],
    ['a cut that is whole base64', (text: string) => text.slice(0, 400), 'CertificateUnreadable'],
    [
      'two certificates',
      (text: string) => base64(Buffer.from(text, 'base64').toString().repeat(2)),
      'CertificateUnreadable',
    ],
    [
      'a key beside it',
      (text: string) => base64(`${Buffer.from(text, 'base64').toString()}-----BEGIN PRIVATE KEY-----\n`),
      'CertificateUnreadable',
    ],
    ['nothing but noise', () => base64('hello'), 'CertificateUnreadable'],
    [
      'a block that is no certificate',
      () => base64('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
      'CertificateUnreadable',
    ],
  ])('that arrives as %s', async (_, spoil, reason) => {
    await onCopy(async () => {
      await expectRefusal({ Certificate: spoil(issued.Certificate) }, { step: 'verify', reason });
    })();
  });

  test(
    'whose chain was cut or holds text',
    onCopy(async () => {
      await expectRefusal({ Chain: issued.Chain.slice(0, 400) }, { reason: 'ChainUnreadable' });
      await expectRefusal({ Chain: base64(`subject=x\n${ca.chain}`) }, { reason: 'ChainUnreadable' });
      const noise = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
      await expectRefusal({ Chain: base64(noise) }, { reason: 'ChainUnreadable' });
    }),
  );
});
