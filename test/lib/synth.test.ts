import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const outdir = mkdtempSync(join(tmpdir(), 'certvend-synth-'));
afterAll(() => {
  rmSync(outdir, { recursive: true });
});

/** Runs the app as the CDK's command line does. */
function synth(settings: Readonly<Record<string, string>>) {
  // The file is ours; JSON.parse knows no types.
  const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as { context: object };
  const environment = { CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...settings }) };
  return spawnSync(process.execPath, ['bin/certvend.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, ...environment, CDK_VALIDATION: 'true' },
  });
}

// A whole synth with bundles and cdk-nag in a process of its own takes seconds on a busy machine.
describe('synth', { timeout: 120_000 }, () => {
  it('says nothing when nothing is wrong: no finding of cdk-nag is left without a reason', () => {
    const { status, stdout, stderr } = synth({ SNSSubscriberEmail: 'ops@example.com' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('says what is wrong with the settings, without a stack trace', () => {
    const { status, stderr } = synth({ certpath: '/etc' });
    expect(status).toBe(1);
    expect(stderr).toBe(
      '2 settings are wrong:\n' +
        '  - certpath: no such setting; allowed: the settings of cdk.json; did you mean CertPath? Rename or remove it\n' +
        '  - SNSSubscriberEmail: missing; allowed: an e-mail address; pass -c SNSSubscriberEmail=<value> or set it in cdk.json\n',
    );
  });
});
