export type Metric =
  | 'StaleMessages'
  | 'ForeignIssuances'
  | 'AdoptedIssuances'
  | 'CertificatesIssued'
  | 'CertificatesDeployed'
  | 'Failures'
  | 'StartedAttempts'
  | 'Throttled'
  | 'RevokedCertificates'
  | 'RefusedByFleetLimit';

/** `CertificatesOfAuthority`: asked of the CA since it exists; a complete CRL ends its life at 1,000,000. */
export type Gauge = 'CertificatesOfAuthority';

/** Logs and metrics. Fields are facts of ours; never whole events, output of hosts, keys or credentials. */
export interface Telemetry {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  count(metric: Metric, value?: number): void;
  /** A value of now, of which alarms look at the highest. */
  gauge(metric: Gauge, value: number): void;
}
