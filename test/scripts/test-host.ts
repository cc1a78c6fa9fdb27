/**
 * A host for tests: a temporary directory as CERTVEND_ROOT, the real rendered documents, real bash and openssl, and a
 * stand-in for aws_signing_helper that succeeds, refuses or hangs on demand. Needs no privileges.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderCommandDocument } from '../../lib/command-document.ts';
import type { CommandDocumentKind } from '../../lib/command-document.ts';
import { scriptOf, withValues } from './documents.ts';

export const HOST_ID = 'mi-0123456789abcdef0';
/** In memory where that is possible: the scripts flush to disk often, and other tests keep the disk busy. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
export type Parameters = Readonly<Record<string, string>>;

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON between the markers; empty where there is none. */
  readonly result: Readonly<Record<string, unknown>>;
}

export interface RunOptions {
  /** Further environment variables of the script. */
  readonly env?: Readonly<Record<string, string>>;
  /** Changes the script's text before it runs, e.g. a time limit. */
  readonly edit?: (script: string) => string;
}

const HELPER = `#!/usr/bin/env bash
# Stand-in for aws_signing_helper; the file "mode" beside it says how to behave.
here=\${0%/*}
env >"$here/helper-environment"
printf '%s\\n' "$@" >"$here/helper-arguments"
case $(cat "$here/mode") in
  succeed) echo '{"Version":1,"AccessKeyId":"ASIASECRETSECRETSECR","SecretAccessKey":"topsecret","SessionToken":"topsecret","Expiration":"2026-01-02T03:04:05Z"}' ;;
  refuse) echo '{"SecretAccessKey":"topsecret"}'; echo '2026/01/01 AccessDeniedException: "Untrusted certificate" \\ AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYtopsecret' >&2; exit 1 ;;
  silent) echo '{}' ;;
  hang) exec sleep 60 ;;
esac
`;

const DIRECTORIES: Parameters = {
  CertPath: '/etc/certvend',
  KeyPath: '/etc/certvend',
  CsrPath: '/etc/certvend',
  CaCertPath: '/etc/certvend',
  SigningHelperPath: '/root',
  Validation: 'required',
};

/** The defaults of both documents; `attempt(n)` ids sort by n. */
export function parametersOf(kind: CommandDocumentKind, changes: Parameters): Parameters {
  const base = {
    HostId: HOST_ID,
    RequestedAt: String(Math.floor(Date.now() / 1000)),
    Owner: 'root',
    Group: 'root',
    ...DIRECTORIES,
  };
  if (kind === 'GenerateCsr') return { ...base, KeyAlgorithm: 'EC_prime256v1', ...changes };
  const arn = (type: string): string =>
    `arn:aws:rolesanywhere:us-east-1:123456789012:${type}/00000000-0000-4000-8000-000000000000`;
  return {
    ...base,
    TrustAnchorArn: arn('trust-anchor'),
    ProfileArn: arn('profile'),
    RoleArn: 'arn:aws:iam::123456789012:role/IAMRA-Role',
    Region: 'us-east-1',
    Endpoint: '',
    WithProxy: 'false',
    KeyMode: '0400',
    ReloadUnit: '',
    AwsConfigFile: '',
    AwsProfile: '',
    ...changes,
  };
}

/** A ULID for tests; a higher number is a later attempt. */
export function attempt(number: number): string {
  return `01K${String(number).padStart(23, '0')}`;
}

export class TestHost {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static create(): TestHost {
    const host = new TestHost(realpathSync(mkdtempSync(join(FOLDER, 'certvend-host-'))));
    mkdirSync(host.path('/root'), { mode: 0o755 });
    mkdirSync(host.path('/bin'), { mode: 0o755 });
    host.writeProgram('/root/aws_signing_helper', HELPER);
    host.helper('succeed');
    return host;
  }

  /** Another host in the same state. */
  copy(): TestHost {
    const host = new TestHost(realpathSync(mkdtempSync(join(FOLDER, 'certvend-host-'))));
    cpSync(this.root, host.root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    return host;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  path(path: string): string {
    return join(this.root, path);
  }

  helper(mode: 'succeed' | 'refuse' | 'silent' | 'hang'): void {
    writeFileSync(this.path('/root/mode'), mode);
  }

  /** Installs a program; what is put into /bin stands first on the scripts' PATH. */
  writeProgram(path: string, text: string): void {
    writeFileSync(this.path(path), text);
    chmodSync(this.path(path), 0o755);
  }

  /** From now on `date` is off by so many seconds. */
  shiftClock(seconds: number): void {
    this.writeProgram(
      '/bin/date',
      `#!/bin/sh\n[ "$*" = +%s ] || exit 9\necho $(( $(/usr/bin/env -i /bin/date +%s) + ${String(seconds)} ))\n`,
    );
  }

  text(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  exists(path: string): boolean {
    return existsSync(this.path(path));
  }

  /** Runs a document as the agent does: values put into the text, the text run by its shebang. */
  run(kind: CommandDocumentKind, changes: Parameters, options: RunOptions = {}): Promise<Run> {
    const script = withValues(scriptOf(renderCommandDocument(kind)), parametersOf(kind, changes));
    return this.runScript(options.edit?.(script) ?? script, options.env);
  }

  async runScript(script: string, env: Readonly<Record<string, string>> = {}): Promise<Run> {
    const file = this.path(`/script-${String(Math.random()).slice(2)}.sh`);
    writeFileSync(file, script, { mode: 0o700 });
    const run = await execute('bash', [file], {
      ...process.env,
      PATH: `${this.path('/bin')}:${process.env['PATH'] ?? ''}`,
      CERTVEND_ROOT: this.root,
      ...env,
    });
    rmSync(file);
    return { ...run, result: resultOf(run.stdout) };
  }
}

function resultOf(stdout: string): Readonly<Record<string, unknown>> {
  const lines = stdout.split('\n');
  const whole =
    lines.length === 4 &&
    lines[0] === '-----BEGIN CERTVEND RESULT-----' &&
    lines[2] === '-----END CERTVEND RESULT-----';
  const parsed: unknown = whole ? JSON.parse(lines[1] ?? '') : {};
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
}

/** Runs a program to its end and collects what it says. */
export function execute(
  program: string,
  parameters: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
