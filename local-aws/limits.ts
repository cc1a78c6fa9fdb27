/**
 * Every published number that this AWS keeps, in one place, with where it was published. Services take their limits from
 * here; README.md shows the same table. What AWS does not publish is marked as a guess.
 */
export interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly says: string;
  /** A page of docs.aws.amazon.com, a shape of the service's public model, or why the number was chosen. */
  readonly source: string;
}

const limit = (value: number, unit: string, says: string, source: string): Limit => ({
  value,
  unit,
  says,
  source,
});

const PCA_QUOTAS = 'general/latest/gr/pca.html';
const RA_QUOTAS = 'rolesanywhere/latest/userguide/quotas.html';
const LAMBDA_QUOTAS = 'lambda/latest/dg/gettingstarted-limits.html';
const ASYNC = 'lambda/latest/dg/invocation-async-error-handling.html';
const EVENT_RETRIES = 'eventbridge/latest/userguide/eb-rule-retry-policy.html';
const SQS_QUOTAS = 'AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html';
const RETRY_POLICY = 'model: scheduler RetryPolicy';
const MAPPING = 'model: lambda CreateEventSourceMapping';

export const LIMITS = {
  issueCertificateRate: limit(25, 'calls/s', 'acm-pca IssueCertificate', PCA_QUOTAS),
  getCertificateRate: limit(75, 'calls/s', 'acm-pca GetCertificate', PCA_QUOTAS),
  revokeCertificateRate: limit(20, 'calls/s', 'acm-pca RevokeCertificate', PCA_QUOTAS),
  describeAuthorityRate: limit(20, 'calls/s', 'acm-pca DescribeCertificateAuthority', PCA_QUOTAS),
  getAuthorityCertificateRate: limit(20, 'calls/s', 'acm-pca GetCertificateAuthorityCertificate', PCA_QUOTAS),
  certificatesWithCompleteCrl: limit(
    1_000_000,
    'certificates',
    'of one CA with a complete CRL, for ever',
    PCA_QUOTAS,
  ),
  csrBytes: limit(32_768, 'bytes', 'certificate signing request', 'model: acm-pca IssueCertificate'),
  idempotencyWindow: limit(
    300_000,
    'ms',
    'acm-pca remembers an IdempotencyToken',
    'model: acm-pca IssueCertificate',
  ),
  shortLivedValidity: limit(
    7,
    'days',
    'certificate of a CA in short-lived mode',
    'model: acm-pca CertificateAuthorityUsageMode',
  ),
  issuanceDelay: limit(
    3000,
    'ms',
    'from IssueCertificate to the certificate',
    'a guess; the SDK waiter asks every second, 60 times',
  ),
  crlDelay: limit(
    1_800_000,
    'ms',
    'from RevokeCertificate to the CRL in the bucket',
    'model: acm-pca RevokeCertificate',
  ),
  crlRetryDelay: limit(900_000, 'ms', 'after a CRL could not be written', 'model: acm-pca RevokeCertificate'),

  createSessionRate: limit(10, 'calls/s', 'rolesanywhere CreateSession', RA_QUOTAS),
  rolesAnywhereRate: limit(
    1,
    'calls/s',
    'rolesanywhere: CRL calls together; trust anchors, profiles, subjects likewise',
    RA_QUOTAS,
  ),
  rolesAnywhereBurst: limit(
    5,
    'calls',
    'rolesanywhere: at once after a pause',
    'a guess: read-then-update passes, a call per host does not',
  ),
  crlsPerTrustAnchor: limit(2, 'CRLs', 'of one trust anchor', RA_QUOTAS),
  crlBytes: limit(300_000, 'bytes', 'imported CRL', 'model: rolesanywhere ImportCrl'),
  trustAnchors: limit(50, 'trust anchors', 'of one account', RA_QUOTAS),
  profiles: limit(250, 'profiles', 'of one account', RA_QUOTAS),

  documentBytes: limit(65_536, 'bytes', 'SSM document', 'general/latest/gr/ssm.html'),
  documents: limit(500, 'documents', 'of one account', 'general/latest/gr/ssm.html'),
  parameterValue: limit(
    4096,
    'characters',
    'value of a standard SSM parameter',
    'general/latest/gr/ssm.html',
  ),
  instanceIdsPerCommand: limit(50, 'nodes', 'of one SendCommand', 'model: ssm SendCommand'),
  commandComment: limit(100, 'characters', 'Comment of SendCommand', 'model: ssm SendCommand'),
  standardOutput: limit(
    24_000,
    'characters',
    'stdout of GetCommandInvocation, with the mark --output truncated--',
    'model: ssm GetCommandInvocation; amazon-ssm-agent pluginutil',
  ),
  standardError: limit(
    8000,
    'characters',
    'stderr of GetCommandInvocation, with the mark',
    'model: ssm GetCommandInvocation; amazon-ssm-agent pluginutil',
  ),
  pluginOutput: limit(2500, 'characters', 'output in ListCommandInvocations', 'model: ssm CommandPlugin'),
  invocationHidden: limit(
    100,
    'ms',
    'until GetCommandInvocation knows a new command',
    'a guess; the model says eventually consistent',
  ),

  queueDelay: limit(900, 's', 'DelaySeconds of a message or queue', SQS_QUOTAS),
  queueMessageBytes: limit(1_048_576, 'bytes', 'SQS message, and a whole batch', SQS_QUOTAS),
  queueBatch: limit(10, 'messages', 'of one SQS batch call', SQS_QUOTAS),
  queueVisibility: limit(43_200, 's', 'visibility time-out', SQS_QUOTAS),

  functionTimeout: limit(900, 's', 'Lambda time-out', LAMBDA_QUOTAS),
  functionInit: limit(
    10_000,
    'ms',
    'init phase of a function',
    'lambda/latest/dg/lambda-runtime-environment.html',
  ),
  functionEnvironmentBytes: limit(
    4096,
    'bytes',
    'all environment variables of a function together',
    LAMBDA_QUOTAS,
  ),
  functionPayloadBytes: limit(6_291_456, 'bytes', 'synchronous request or answer', LAMBDA_QUOTAS),
  asynchronousPayloadBytes: limit(1_048_576, 'bytes', 'asynchronous request', LAMBDA_QUOTAS),
  asynchronousRetries: limit(2, 'retries', 'of an asynchronous invocation that failed', ASYNC),
  asynchronousRetryDelay: limit(
    60_000,
    'ms',
    'before the first of them; twice that before the second',
    ASYNC,
  ),
  asynchronousAge: limit(21_600, 's', 'an asynchronous event is kept', ASYNC),
  streamBatch: limit(10_000, 'records', 'of a stream in one invocation', MAPPING),
  streamRetries: limit(10_000, 'retries', 'of a stream batch', MAPPING),
  batchWindow: limit(300, 's', 'batching window of an event source', MAPPING),

  eventRetries: limit(185, 'retries', 'of an event for one target', EVENT_RETRIES),
  eventAge: limit(86_400, 's', 'an event is retried', EVENT_RETRIES),
  eventTargets: limit(5, 'targets', 'of one rule', 'eventbridge/latest/userguide/eb-quota.html'),
  eventEntryBytes: limit(
    262_144,
    'bytes',
    'of one PutEvents call',
    'eventbridge/latest/userguide/eb-putevents.html',
  ),
  eventPattern: limit(4096, 'characters', 'event pattern', 'model: events EventPattern'),
  scheduleRetries: limit(185, 'retries', 'of a schedule for its target', RETRY_POLICY),
  scheduleAge: limit(86_400, 's', 'an invocation of a schedule is retried', RETRY_POLICY),

  topicMessageBytes: limit(262_144, 'bytes', 'SNS message', 'sns/latest/api/API_Publish.html'),
} as const satisfies Record<string, Limit>;
