/** Cloud assemblies for other settings than those of cdk.json, as `cdk deploy -c …` would make them. */
import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { z } from 'zod';
import { CertvendStack } from '../../lib/certvend-stack.ts';
import { readSettings } from '../../src/settings/settings.ts';

// The rules of the CDK take a second for each template; test/lib/synth.test.ts runs them.
process.env['CDK_VALIDATION'] = 'false';

const contextFile = z.object({ context: z.record(z.string(), z.unknown()) });
const { context: CDK_JSON } = contextFile.parse(
  JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')),
);

/** What `npx cdk deploy -c SNSSubscriberEmail=ops@example.com` finds in the context, with further `-c`. */
export function contextWith(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ...CDK_JSON, SNSSubscriberEmail: 'ops@example.com', ...changes };
}

/** Does what bin/certvend.ts does, in this process and without cdk-nag, which takes most of its time. */
export function assemble(directory: string, changes: Readonly<Record<string, unknown>>): void {
  const context = contextWith(changes);
  const settings = readSettings(context);
  const app = new App({ outdir: directory, context });
  new CertvendStack(app, 'certvend', {
    stackName: `${settings.namePrefix}certvend`,
    certVend: settings,
  });
  app.synth();
}
