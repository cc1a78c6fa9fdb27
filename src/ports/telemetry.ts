export type Metric =
  | 'StaleMessages'
  | 'ForeignIssuances'
  | 'AdoptedIssuances'
  | 'CertificatesIssued'
  | 'CertificatesDeployed'
  | 'Failures'
  | 'StartedAttempts'
  | 'RevokedCertificates';

/** Logs and metrics. Fields are facts of ours; never whole events, output of hosts, keys or credentials. */
export interface Telemetry {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  count(metric: Metric, value?: number): void;
}
