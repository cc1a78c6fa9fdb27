import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { renderCommandDocument } from '../../lib/command-document.ts';
import { parametersIn, scriptOf, withValues } from './documents.ts';
import { TestHost, attempt, parametersOf } from './test-host.ts';

/** What must not get through anywhere, alone or behind a value that is allowed. */
const HOSTILE = [
  "'",
  '"',
  '`id`',
  '$(id)',
  '${IFS}',
  ';id',
  '|id',
  '&',
  '>x',
  '<x',
  '*',
  '?',
  '~',
  '#',
  '!',
  '\\',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\nid',
  '/../x',
  '/./x',
  '{{ Owner }}',
  '{{ssm:x}}',
  '\u00e4',
  '\u2028',
  'x'.repeat(40_000),
];

const GOOD: Readonly<Record<string, readonly string[]>> = {
  Attempt: [attempt(1)],
  HostId: ['mi-0123456789abcdef0'],
  CertPath: [
    '/etc/certvend',
    '/etc/certvend/',
    '//srv//x',
    '/home/app/.aws',
    '/opt/a_b-c.d',
    '/srv/..x',
    '/srv/-x',
  ],
  AwsConfigFile: ['', '/root/.aws/config'],
  Endpoint: [
    '',
    'https://rolesanywhere.us-east-1.amazonaws.com',
    'http://127.0.0.1:4566',
    'https://x.example/y',
  ],
  ReloadUnit: ['', 'nginx', 'app@a:b.service'],
  AwsProfile: ['', 'default', 'app.prod-1'],
  Owner: ['root', 'svc_app', 'App.User', '_x'],
  Region: ['us-east-1', 'us-gov-west-1', 'cn-north-1', 'ap-southeast-4'],
  RoleArn: ['arn:aws-us-gov:iam::123456789012:role/path/IAMRA-Role'],
  TrustAnchorArn: [
    'arn:aws-cn:rolesanywhere:cn-north-1:123456789012:trust-anchor/00000000-0000-4000-8000-000000000000',
  ],
};
/** Wrong without holding a single special character. */
const BAD: Readonly<Record<string, readonly string[]>> = {
  Attempt: ['', attempt(1).toLowerCase(), `${attempt(1)}0`],
  HostId: [
    '',
    'i-0123456789abcdef0',
    'mi-0123456789abcdef',
    'mi-0123456789abcdef00',
    '../mi-0123456789abcde',
  ],
  CertPath: ['', '/', 'etc', '/etc/..', '/../etc', '/etc/../x', '/etc/.', '/etc/...'],
  KeyMode: ['', '0444', '0640', '440'],
  Owner: ['', '-R', '0'],
  ReloadUnit: ['--now', '-x', '/etc/x'],
  Region: ['', 'useast1'],
  RequestedAt: ['', '-1', '1e9', '0x10'],
  Validation: ['', 'Required', 'none'],
  KeyAlgorithm: ['', 'RSA_1024', 'ML_DSA_44'],
};

describe.each(['GenerateCsr', 'DeployCertificate'] as const)('hostile values of %s', (kind) => {
  const document = renderCommandDocument(kind);
  const parameters = parametersIn(document);
  const fine = { ...parametersOf(kind, {}), Attempt: attempt(1), Certificate: 'QUFB', Chain: 'QUFB' };

  function hostileFor(name: string): readonly string[] {
    const value = new Map(Object.entries(fine)).get(name) ?? '';
    return [
      ...HOSTILE.map((text) => value + text),
      ...HOSTILE.map((text) => text + value),
      ...(BAD[name] ?? []),
    ];
  }

  test('are refused by every allowed pattern, read as the agent reads it', () => {
    for (const [name, { allowedPattern, maxChars }] of parameters) {
      const pattern = RE2JS.compile(allowedPattern);
      const accepted = (text: string): boolean => text.length <= maxChars && pattern.matcher(text).find();
      expect(hostileFor(name).filter(accepted), name).toEqual([]);
      expect(
        (GOOD[name] ?? []).filter((text) => !accepted(text)),
        name,
      ).toEqual([]);
    }
  });

  test('are refused by the script itself', { timeout: 120_000 }, async () => {
    const host = TestHost.create();
    const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
    const checks = [...parameters.keys()].map((name) => {
      const expectations = [
        ...hostileFor(name).map((text) => `verdict refused ${name} ${quoted(text)}`),
        ...(GOOD[name] ?? []).map((text) => `verdict accepted ${name} ${quoted(text)}`),
      ];
      return expectations.join('\n');
    });
    const body = `check_user
verdict() {
  local verdict=refused
  if (declare "$2=$3"; [[ $2 != Aws* || -z $3 ]] || AwsConfigFile=/x/y; [[ $2 != AwsConfigFile ]] || declare "$2=$3"
      [[ $2 != AwsConfigFile || -z $3 ]] || AwsProfile=x; check_common_parameters; check_command_parameters); then verdict=accepted; fi
  [[ $verdict == "$1" ]] || printf '%s %s was %s\\n' "$2" "\${3:0:60}" "$verdict" >&3
}
${checks.join('\n')}
trap - EXIT`;
    const script = withValues(scriptOf(document), fine).replace(/\nmain\n*$/, () => `\n${body}\n`);
    const run = await host.runScript(script);
    host.remove();

    expect(run).toMatchObject({ code: 0, stdout: '' });
  });
});

describe('values in the rendered script', () => {
  test('cannot leave their quotes: no pattern lets a quote through', () => {
    for (const kind of ['GenerateCsr', 'DeployCertificate'] as const) {
      for (const [name, { allowedPattern }] of parametersIn(renderCommandDocument(kind))) {
        for (let code = 0; code < 0x250; code += 1) {
          const character = String.fromCodePoint(code);
          if (/[A-Za-z0-9+,./:=@_-]/.test(character)) continue;
          expect(RE2JS.compile(allowedPattern).matcher(character).find(), `${name} ${String(code)}`).toBe(
            false,
          );
        }
      }
    }
  });
});
