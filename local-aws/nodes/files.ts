/** What a managed node has on its disk, and what its agent keeps beside it. */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `date` with the clock of the local AWS. bash's own EPOCHSECONDS and openssl go by real time; scripts must ask `date`. */
const dateShim = `#!/bin/bash
# Answers as date(1) does at the moved time of the local AWS. Only absolute times are accepted for -d.
real=/bin/date
[ -x "$real" ] || real=/usr/bin/date
offset=0
read -r offset < "\${BASH_SOURCE[0]%/*}/clock-offset-ms" || true
offset=$(( offset + \${LOCAL_AWS_CLOCK_SKEW_MS:-0} ))
absolute='' value_follows=''
for argument in "$@"; do
  value=''
  if [ -n "$value_follows" ]; then
    value=$argument value_follows=''
  else
    case $argument in
      -d|-ud|--date) absolute=1 value_follows=1 ;;
      --date=*|-d*) absolute=1 value=$argument ;;
      -r*|--reference*|-f*|--file*|-s*|--set*) absolute=1 ;;
    esac
  fi
  case $value in
    *ago*|*now*|*today*|*tomorrow*|*yesterday*|*sec*|*min*|*hour*|*day*|*week*|*month*|*year*)
      echo "date: the local AWS knows no relative times: $value" >&2
      exit 1 ;;
  esac
done
[ -z "$absolute" ] || exec "$real" "$@"
micros=$(( \${EPOCHREALTIME/[.,]/} + offset * 1000 ))
printf -v at '%d.%06d' $(( micros / 1000000 )) $(( micros % 1000000 ))
exec "$real" -d "@$at" "$@"
`;

/** The folders of the agent side of all nodes. */
export interface AgentFiles {
  /** First on the PATH of every script. */
  readonly bin: string;
  readonly orchestration: string;
  readonly faults: string;
}

export function createAgentFiles(directory: string): AgentFiles {
  const files = {
    bin: join(directory, 'agent', 'bin'),
    orchestration: join(directory, 'agent', 'orchestration'),
    faults: join(directory, 'agent', 'faults'),
  };
  for (const folder of Object.values(files)) mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeExecutable(join(files.bin, 'date'), dateShim);
  return files;
}

/** Tells the `date` of all nodes how far ahead the clock is. */
export function writeClockOffset(files: AgentFiles, offsetMs: number): void {
  const file = join(files.bin, 'clock-offset-ms');
  // A rename, so that no running script reads a half-written number.
  writeFileSync(`${file}.new`, `${String(Math.round(offsetMs))}\n`);
  renameSync(`${file}.new`, file);
}

/** The root directory of a new node, with the signing helper where its administrator would have put it. */
export function createNodeRoot(directory: string, id: string, files: AgentFiles, helper?: string): string {
  const root = join(directory, 'nodes', id);
  for (const folder of ['etc', 'root', 'run', 'run/lock', 'var', 'var/lib', 'tmp']) {
    mkdirSync(join(root, folder), { recursive: true });
    chmodSync(join(root, folder), folder === 'tmp' ? 0o1777 : folder === 'root' ? 0o700 : 0o755);
  }
  writeFailProof(files, id, 0);
  writeExecutable(join(root, 'root', 'aws_signing_helper'), helperWrapper(faultFile(files, id), helper));
  return root;
}

function helperWrapper(fault: string, helper: string | undefined): string {
  const program = fileURLToPath(new URL('signing-helper.ts', import.meta.url));
  // The real helper does not read AWS_ENDPOINT_URL; an --endpoint among the arguments comes later and wins.
  const start =
    helper === undefined
      ? `exec ${quote(process.execPath)} ${quote(program)} "$@"`
      : `exec ${quote(helper)} "$1" \${AWS_ENDPOINT_URL:+--endpoint "$AWS_ENDPOINT_URL"} "\${@:2}"`;
  return `#!/bin/bash
# Stand-in for aws_signing_helper. An injected fault comes first.
failures=0
[ -r ${quote(fault)} ] && read -r failures < ${quote(fault)}
if [ "\${failures:-0}" -gt 0 ]; then
  echo $(( failures - 1 )) > ${quote(fault)}
  echo "AccessDeniedException: injected by the local AWS (failProof)" >&2
  exit 1
fi
${start}
`;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const faultFile = (files: AgentFiles, id: string): string => join(files.faults, `${id}.fail-proof`);

/** How many times the node's signing helper still refuses. */
export function readFailProof(files: AgentFiles, id: string): number {
  return Number(readFileSync(faultFile(files, id), 'utf8'));
}

export function writeFailProof(files: AgentFiles, id: string, times: number): void {
  writeFileSync(faultFile(files, id), `${String(times)}\n`);
}

function writeExecutable(file: string, content: string): void {
  writeFileSync(file, content);
  chmodSync(file, 0o755);
}
