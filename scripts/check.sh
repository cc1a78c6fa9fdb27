#!/usr/bin/env bash
# Everything that can be checked without running the product: types, lint, format, the table of imports, shell.
set -euo pipefail
cd "$(dirname "$0")/.."

npx tsc -p .
npx eslint .
npx prettier --check --log-level warn .
npx vitest run test/architecture.test.ts

if command -v shellcheck >/dev/null; then
  shellcheck ssm-documents/scripts/*.sh scripts/*.sh .ci/run
elif [ "${CI:-}" = true ]; then
  echo 'check: shellcheck is missing; .ci/run installs it' >&2
  exit 1
else
  echo 'check: SKIPPED the shell scripts: shellcheck is not installed (apt-get install shellcheck)'
fi
echo 'check: all good'
