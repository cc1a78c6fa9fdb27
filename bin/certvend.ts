import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { CertvendStack } from '../lib/certvend-stack.ts';
import { readSettings, SettingsError } from '../src/settings/settings.ts';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
try {
  // The CDK types the context as `any`; every value of it is checked.
  const settings = readSettings(app.node.getAllContext() as Record<string, unknown>);
  new CertvendStack(app, 'certvend', {
    stackName: `${settings.namePrefix}certvend`,
    description: 'Short-lived certificates for hosts outside AWS, for IAM Roles Anywhere',
    certVend: settings,
  });
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`); // for a person: what to change, not where it was noticed
  process.exitCode = 1;
}
