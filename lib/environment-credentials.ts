/**
 * Takes the place of `@aws-sdk/credential-provider-node` in the bundles (see bundle.ts). Lambda hands credentials over
 * in the environment, always; the SDK's chain looks there first, too, but carries along profiles, SSO, processes and
 * instance metadata, which is a third of CertCheck's code.
 */
interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The shape that clients of the SDK expect of their default provider. */
export const defaultProvider = (): (() => Promise<Credentials>) => () =>
  Promise.resolve({
    accessKeyId: fromEnvironment('AWS_ACCESS_KEY_ID'),
    secretAccessKey: fromEnvironment('AWS_SECRET_ACCESS_KEY'),
    sessionToken: fromEnvironment('AWS_SESSION_TOKEN'),
  });

function fromEnvironment(name: string): string {
  // eslint-disable-next-line no-restricted-syntax -- stands for the SDK's own reading of the environment
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`environment variable ${name} is missing; Lambda sets it for every function`);
  return value;
}
