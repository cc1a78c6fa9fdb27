/**
 * The names that administrators type and scripts rely on. `namePrefix` goes before each of them, so the longest name
 * of each kind decides how long a prefix may be.
 */
export const NAMES = {
  certCheck: 'CertCheck-Trigger',
  certIssue: 'CertIssue',
  certDeploy: 'CertDeploy',
  crlProcessor: 'CRLProcessor',
  inventoryTable: 'certificates',
  ledgerTable: 'certificate-ledger',
  topic: 'FailedCertRotationTopic',
  trustAnchor: 'IAMRA-TA1',
  profile: 'IAMRA-Profile',
  sampleRole: 'IAMRA-Role',
  issuanceQueue: 'certvend-issuance',
  deploymentQueue: 'certvend-deployment',
  revocationQueue: 'certvend-revocation',
  checkQueue: 'certvend-check',
  deadLetters: '-dead-letters',
  guard: 'certvend-ca-guard',
  tick: 'certvend-tick',
  reconcile: 'certvend-reconcile',
  crlReconcile: 'certvend-crl-reconcile',
  crl: 'certvend',
} as const;

/** Indexes of the two tables. They live inside a table, so no prefix. */
export const DUE_INDEX = 'due';
export const LEDGER_HOST_INDEX = 'host';

interface NameLimit {
  readonly name: string;
  readonly kind: string;
  readonly longest: number;
}

/** The tightest limits of AWS on what a prefix is put before; the guard's name also holds the Region (up to 16 characters). */
const NAME_LIMITS: readonly NameLimit[] = [
  { name: NAMES.certCheck, kind: 'Lambda function', longest: 64 },
  { name: NAMES.reconcile, kind: 'schedule', longest: 64 },
  { name: NAMES.sampleRole, kind: 'IAM role', longest: 64 },
  { name: `${NAMES.deploymentQueue}${NAMES.deadLetters}`, kind: 'queue', longest: 80 },
  { name: `ap-southeast-99-${NAMES.guard}`, kind: 'IAM policy', longest: 128 },
  { name: 'certvend-DeployCertificate-01234567', kind: 'SSM document', longest: 128 },
];

/** How long `namePrefix` may be, and which name says so. */
export function longestPrefix(): { readonly length: number; readonly because: string } {
  const room = NAME_LIMITS.map((limit) => ({ limit, length: limit.longest - limit.name.length }));
  const tightest = room.reduce((least, each) => (each.length < least.length ? each : least));
  const { limit } = tightest;
  return {
    length: tightest.length,
    because: `${limit.kind} ${limit.name} may have ${String(limit.longest)} characters with its prefix`,
  };
}
