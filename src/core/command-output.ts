/**
 * Reads what the host scripts print: one JSON line between two markers. The output comes from the host and is not
 * trusted: it must be whole, single, of this attempt and this host. Run Command cuts at 24,000 characters, so a missing
 * end marker means truncated output.
 */
const BEGIN = '-----BEGIN CERTVEND RESULT-----';
const END = '-----END CERTVEND RESULT-----';
const TEXT_MAX = 500;

export interface HostFailure {
  readonly ok: false;
  readonly step: string;
  readonly reason: string;
  readonly message: string;
}
export interface CsrResult {
  readonly ok: true;
  /** PEM */
  readonly csr: string;
}
export interface DeploymentResult {
  readonly ok: true;
  readonly serial: string;
  readonly reload: 'none' | 'done' | 'failed';
}
export interface UnreadableOutput {
  readonly ok: 'unreadable';
  readonly message: string;
}

export function readCsrOutput(
  stdout: string,
  attempt: string,
  hostId: string,
): CsrResult | HostFailure | UnreadableOutput {
  const result = readResult(stdout, attempt, hostId);
  if (!('fields' in result)) return result;
  const { csr } = result.fields;
  if (typeof csr !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(csr))
    return unreadable('csr is missing or not base64');
  return { ok: true, csr: Buffer.from(csr, 'base64').toString('utf8') };
}

export function readDeploymentOutput(
  stdout: string,
  attempt: string,
  hostId: string,
): DeploymentResult | HostFailure | UnreadableOutput {
  const result = readResult(stdout, attempt, hostId);
  if (!('fields' in result)) return result;
  const { serial, reload } = result.fields;
  if (typeof serial !== 'string' || !/^[0-9A-F]{2,40}$/.test(serial))
    return unreadable('serial is missing or not hexadecimal');
  if (reload !== 'none' && reload !== 'done' && reload !== 'failed') return unreadable('reload is missing');
  return { ok: true, serial, reload };
}

function readResult(
  stdout: string,
  attempt: string,
  hostId: string,
): { fields: Record<string, unknown> } | HostFailure | UnreadableOutput {
  const begin = stdout.indexOf(BEGIN);
  const end = stdout.indexOf(END);
  if (begin < 0) return unreadable('the begin marker is missing');
  if (end < begin) return unreadable('the end marker is missing: the output was cut');
  if (begin !== stdout.lastIndexOf(BEGIN) || end !== stdout.lastIndexOf(END))
    return unreadable('it has two results');
  const fields = parseObject(stdout.slice(begin + BEGIN.length, end));
  if (fields === undefined) return unreadable('between the markers is no JSON object');
  if (fields['attempt'] !== attempt) return unreadable('it belongs to another attempt');
  if (fields['hostId'] !== hostId) return unreadable('it belongs to another host');
  if (fields['ok'] === true) return { fields };
  return {
    ok: false,
    step: safeText(fields['step'], 40),
    reason: /^[A-Z][A-Za-z]{2,40}$/.exec(String(fields['reason']))?.[0] ?? 'CommandFailed',
    message: safeText(fields['message'], TEXT_MAX),
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(why: string): UnreadableOutput {
  return { ok: 'unreadable', message: `the output of the command cannot be used: ${why}` };
}

/** Printable ASCII only: the text goes into rows, mails and terminals. */
export function safeText(value: unknown, lengthMax = TEXT_MAX): string {
  return (typeof value === 'string' ? value : '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, lengthMax);
}
