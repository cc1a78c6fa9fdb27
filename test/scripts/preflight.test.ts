import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOST_ID, TestHost, attempt } from './test-host.ts';
import type { Parameters, Run, RunOptions } from './test-host.ts';

let host: TestHost;

beforeEach(() => {
  host = TestHost.create();
});
afterEach(() => {
  host.remove();
});

/** A refusal comes before there is a key, says its reason, and never shows where the test keeps its host. */
async function expectRefusal(
  reason: string,
  message: RegExp,
  changes: Parameters = {},
  options: RunOptions = {},
): Promise<Run> {
  const run = await host.run('GenerateCsr', { Attempt: attempt(1), ...changes }, options);
  expect(run).toMatchObject({
    code: 1,
    result: { attempt: attempt(1), hostId: HOST_ID, ok: false, step: 'preflight', reason },
  });
  expect(run.result['message']).toMatch(message);
  expect(run.result['message']).not.toContain(host.root);
  const staging = host.path(`/var/lib/certvend/${HOST_ID}/staging`);
  expect(existsSync(staging) ? readdirSync(staging) : []).toEqual([]);
  return run;
}

describe('the signing helper is refused', () => {
  test('where it is missing', async () => {
    await expectRefusal('HelperMissing', /\/opt\/aws_signing_helper does not exist; install/, {
      SigningHelperPath: '/opt',
    });
  });

  test('where it cannot be executed', async () => {
    chmodSync(host.path('/root/aws_signing_helper'), 0o644);
    await expectRefusal('HelperNotExecutable', /mode 644; make it executable/);
  });

  test('where others can write to its directory', async () => {
    chmodSync(host.path('/root'), 0o777);
    await expectRefusal('HelperDirectoryUnsafe', /everybody can write to \/root/);
    const present = await host.run('GenerateCsr', { Attempt: attempt(1), Validation: 'ifHelperPresent' });
    expect(present.result).toMatchObject({ reason: 'HelperDirectoryUnsafe' });
  });

  test('where others can write to it, or it is a link', async () => {
    chmodSync(host.path('/root/aws_signing_helper'), 0o777);
    await expectRefusal('HelperUnsafe', /mode 777; allowed: root/);
    renameSync(host.path('/root/aws_signing_helper'), host.path('/root/elsewhere'));
    symlinkSync('elsewhere', host.path('/root/aws_signing_helper'));
    await expectRefusal('HelperUnsafe', /is a symbolic link/);
  });
});

describe('a directory is refused', () => {
  test('that everybody can write to, sticky or not', async () => {
    mkdirSync(host.path('/tmp'));
    chmodSync(host.path('/tmp'), 0o1777);
    await expectRefusal('DirectoryUnsafe', /everybody can write to \/tmp \(mode 1777\); use directories/, {
      CertPath: '/tmp',
    });
    await expectRefusal('DirectoryUnsafe', /everybody can write to \/tmp/, { KeyPath: '/tmp/below' });
    expect(readdirSync(host.path('/tmp'))).toEqual([]);
  });

  test('below a symlink', async () => {
    mkdirSync(host.path('/srv/real'), { recursive: true });
    symlinkSync('real', host.path('/srv/link'));
    await expectRefusal('DirectoryUnsafe', /\/srv\/link is a symbolic link/, { CertPath: '/srv/link/certs' });
    await expectRefusal('DirectoryUnsafe', /\/srv\/link is a symbolic link/, { CaCertPath: '/srv/link' });
  });

  test('that somebody else owns, or a group can write to', async () => {
    mkdirSync(host.path('/etc/certvend'), { recursive: true });
    const pretend = (facts: string): void => {
      const script = `#!/bin/sh\nPATH=\${PATH#*:}\nstat "$@" | sed '$s/.*/${facts}/'\n`;
      host.writeProgram('/bin/stat', script);
    };
    await host.run('GenerateCsr', { Attempt: '0'.repeat(26) }); // all other directories exist and were looked at
    rmSync(host.path(`/var/lib/certvend/${HOST_ID}/staging/${'0'.repeat(26)}`), { recursive: true });
    pretend('4242 0 755 directory');
    await expectRefusal('DirectoryUnsafe', /belongs to user id 4242; allowed: root/);
    pretend(`${String(process.geteuid?.())} 4242 775 directory`);
    await expectRefusal('DirectoryUnsafe', /group id 4242 can write to/);
  });

  test('that is a file', async () => {
    host.writeProgram('/root/file', '');
    await expectRefusal('DirectoryUnsafe', /\/root\/file is a regular (empty )?file/, {
      KeyPath: '/root/file',
    });
  });

  test('where something other than a file has the public name', async () => {
    mkdirSync(host.path(`/etc/certvend/${HOST_ID}.crt`), { recursive: true });
    await expectRefusal('PublicNameUnsafe', /\.crt is neither a file nor a link to one/);
  });
});

describe('the host is refused', () => {
  const now = Math.floor(Date.now() / 1000);

  test('when its clock is behind the request, or far ahead', async () => {
    await expectRefusal('ClockWrong', /clock is \d+ s behind the request; allowed: 300; set the clock/, {
      RequestedAt: String(now + 900),
    });
    await expectRefusal('ClockWrong', /the request is \d+ s old/, { RequestedAt: String(now - 7200) });
  });

  test('when there is no space', async () => {
    host.writeProgram('/bin/df', '#!/bin/sh\nprintf "Avail IFree Inodes\\n12 1000 2000\\n"\n');
    await expectRefusal('SpaceShort', /has 12 KB left; needed: 1024/);
    host.writeProgram('/bin/df', '#!/bin/sh\nprintf "Avail IFree Inodes\\n9999 3 2000\\n"\n');
    await expectRefusal('SpaceShort', /has 3 inodes left/);
    host.writeProgram('/bin/df', '#!/bin/sh\nprintf "Avail IFree Inodes\\n9999 - 0\\n"\n');
    expect((await host.run('GenerateCsr', { Attempt: attempt(1) })).result).toMatchObject({ ok: true });
  });

  test('when a tool is missing', async () => {
    await expectRefusal(
      'ToolMissing',
      /not found on PATH: mv sha256sum;/,
      {},
      {
        edit: (script) => script.replace('command -v "$tool"', '[[ $tool != mv && $tool != sha256sum ]]'),
      },
    );
  });

  test.each([['OpenSSL 1.0.2k-fips  26 Jan 2017'], ['LibreSSL 3.8.2']])('when it has %s', async (version) => {
    host.writeProgram('/bin/openssl', `#!/bin/sh\necho '${version}'\n`);
    await expectRefusal('OpensslUnsupported', /allowed: OpenSSL 1.1.1 or newer/);
  });

  test('when owner or group do not exist', async () => {
    await expectRefusal('OwnerUnknown', /user 'nobody-of-this-name'/, { Owner: 'nobody-of-this-name' });
    await expectRefusal('GroupUnknown', /group 'nobody-of-this-name'/, { Group: 'nobody-of-this-name' });
  });

  test('when the script does not run as root', async () => {
    const run = await host.run(
      'GenerateCsr',
      { Attempt: attempt(1) },
      { env: { CERTVEND_ROOT: '' }, edit: (script) => script.replace('EUID == 0', 'EUID == -1') },
    );
    expect(run.result).toMatchObject({ ok: false, reason: 'NotRoot' });
  });
});

test('whatever else happens, there is one result', async () => {
  const broken = (body: string): RunOptions => ({
    edit: (script) => script.replace(/\nmain\n*$/, `\n${body}\n`),
  });
  const results = await Promise.all(
    [
      'false',
      'echo $unset_variable',
      'exit 3',
      'x=$(false)',
      'kill -TERM $$; sleep 1',
      'y=$(fail Inner x)',
    ].map((body) => host.run('GenerateCsr', { Attempt: attempt(1) }, broken(`step=switch; ${body}; true`))),
  );
  for (const run of results) {
    expect(run).toMatchObject({ code: 1, result: { ok: false, attempt: attempt(1), step: 'switch' } });
    expect(['CommandFailed', 'Interrupted']).toContain(run.result['reason']);
  }
});

test('a message survives anything that is in it', async () => {
  const nasty = String.raw`back\slash "quote" & $(id) ` + '\u0007\u00e4\n{{x}}';
  const run = await host.run(
    'GenerateCsr',
    { Attempt: attempt(1) },
    { edit: (script) => script.replace(/\nmain\n*$/, `\nfail Reason "$NASTY"\n`), env: { NASTY: nasty } },
  );
  expect(run.result['message']).toBe(String.raw`back\slash "quote" & $(id)` + '     {{x}}');
});
