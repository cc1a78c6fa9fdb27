# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # names are parameters of the document, or of the other scripts of DeployCertificate
#
# Part of DeployCertificate: finds the key of the new certificate and proves the pair. Nothing in use is touched.

readonly session_seconds=45 # CreateSession takes about a second; a proxy that swallows packets takes for ever

# --- reading the certificate -----------------------------------------------------------------------------------------

# Decodes parameter $1 with value $2 into the array `blocks`, one PEM certificate each. Text between them is refused:
# the signing helper would send it along. So is a block without end: cut output must not pass for a shorter chain.
read_certificates() {
  local name=$1 reason=${1}Unreadable line block=''
  printf '%s' "$2" | base64 -d >"$work/decoded" || fail "$reason" "$name is not whole base64; it was cut on its way"
  blocks=()
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    if [[ $line == '-----BEGIN CERTIFICATE-----' && -z $block ]]; then
      block=$line$'\n'
    elif [[ $line == '-----END CERTIFICATE-----' && -n $block ]]; then
      blocks+=("$block$line"$'\n')
      block=''
    elif [[ -n $block && $line =~ ^[A-Za-z0-9+/]+={0,2}$ ]]; then
      block+=$line$'\n'
    elif [[ -n $line ]]; then
      fail "$reason" "$name holds something else than PEM certificates"
    fi
  done <"$work/decoded"
  [[ -z $block ]] || fail "$reason" "the last certificate of $name has no end; it was cut on its way"
  ((${#blocks[@]} > 0)) || fail "$reason" "$name holds no certificate"
}

# Writes the parameters to $work: the certificate, the chain, and its last member alone: the CA that is expected to
# vouch for everything before it. Sets serial, common_names (one a line) and
# certificate_public_key.
decode_parameters() {
  local -a blocks
  local line facts
  step=verify
  read_certificates Certificate "$Certificate"
  ((${#blocks[@]} == 1)) || fail CertificateUnreadable "Certificate holds ${#blocks[@]} certificates; allowed: 1"
  printf '%s' "${blocks[0]}" >"$work/certificate.pem"
  facts=$(openssl x509 -in "$work/certificate.pem" -noout -pubkey -serial -subject -nameopt sep_multiline,sname,utf8,esc_ctrl) ||
    fail CertificateUnreadable 'Certificate is not an X.509 certificate; see the error output'
  [[ $facts =~ -----BEGIN\ PUBLIC\ KEY-----.*-----END\ PUBLIC\ KEY----- ]]
  certificate_public_key=${BASH_REMATCH[0]}
  common_names=''
  while read -r line; do
    case $line in
      serial=*) serial=${line#serial=} ;;
      CN=*) common_names+=${line#CN=}$'\n' ;;
    esac
  done <<<"$facts"
  read_certificates Chain "$Chain"
  printf '%s' "${blocks[@]}" >"$work/chain.pem"
  printf '%s' "${blocks[-1]}" >"$work/anchor.pem"
}

# --- finding the key -------------------------------------------------------------------------------------------------

# Whether the private key in directory $1 belongs to the certificate.
holds_key() {
  [[ -s $1/private-key.pem ]] || return 1
  [[ $(openssl pkey -in "$1/private-key.pem" -pubout 2>/dev/null) == "$certificate_public_key" ]]
}

# Sets found to where the key is: staged by this attempt; or, where only paths or owner change and the
# certificate stays, in what is in use here or was in use before the paths moved; or left by a run that was killed.
find_key() {
  local directory
  step=key
  if [[ -s $staging/$Attempt/private-key.pem ]]; then
    holds_key "$staging/$Attempt" || fail KeyMismatch "the certificate is not for the key that attempt $Attempt made; a new attempt is needed"
    found=$staging/$Attempt
    return
  fi
  for directory in "$home/current" ${previous_home:+"$previous_home/current"} "$home"/generations/* "$home"/candidate.* "$staging"/*; do
    holds_key "$directory" || continue
    found=$directory
    return
  done
  fail KeyMissing 'this host has no key for the certificate; a new attempt is needed'
}

# --- the proof -------------------------------------------------------------------------------------------------------

# Puts everything the new generation will hold into a directory that nobody but root can enter, and that is not in use.
build_candidate() {
  step=verify
  rm -rf -- "$candidate"
  mkdir -m 0700 -- "$candidate"
  cp -- "$found/private-key.pem" "$candidate/private-key.pem"
  cp -- "$work/certificate.pem" "$work/chain.pem" "$candidate/"
  if [[ -s $found/request.pem ]]; then
    cp -- "$found/request.pem" "$candidate/request.pem"
  else
    write_request "$candidate/private-key.pem" "$candidate/request.pem" # adopted pairs may come without one
  fi
}

# The subject names this host, the chain leads to the expected CA, and all dates hold at the moment that was read once.
verify_candidate() {
  local answer
  [[ $common_names == "$HostId"$'\n' ]] ||
    fail SubjectMismatch "the certificate is for '${common_names//$'\n'/ }'; allowed: $HostId alone"

  # Only the chain we were given counts, not what the system trusts. SSL_CERT_* name places that do not exist, because
  # the options against the system's stores differ between 1.1.1 and 3.
  if answer=$(SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null openssl verify -partial_chain -purpose sslclient -attime "$now" \
    -CAfile "$work/anchor.pem" -untrusted "$work/chain.pem" "$candidate/certificate.pem" 2>&1); then
    return
  fi
  [[ $answer =~ error\ ([0-9]+)\ at\ ([0-9]+)\ depth\ lookup:\ *([A-Za-z0-9 \'-]*) ]] ||
    fail ChainUnreadable 'openssl cannot read the chain; see the parameter Chain'
  case ${BASH_REMATCH[1]}:${BASH_REMATCH[2]} in
    10:0) fail CertificateExpired "the certificate has expired by this host's clock ($now); a new attempt is needed" ;;
    9:0) fail CertificateNotYetValid "the certificate is not valid yet by this host's clock ($now); set the clock" ;;
    *) fail ChainInvalid "at depth ${BASH_REMATCH[2]}: ${BASH_REMATCH[3]}; the chain must lead from the certificate to the CA" ;;
  esac
}

# Makes text from elsewhere fit for a message: one line, no long words that could be key material.
safe_text() {
  local text=${1//[^ -~]/ }
  while [[ $text =~ [A-Za-z0-9/+=]{40,} ]]; do text=${text//"${BASH_REMATCH[0]}"/(removed)}; done
  while [[ $text =~ (AKIA|ASIA)[A-Z0-9]{8,} ]]; do text=${text//"${BASH_REMATCH[0]}"/(removed)}; done
  REPLY=${text:0:240}
}

# Sets session_flags to what every call of the signing helper needs, whichever pair it is made with.
set_session_flags() {
  session_flags=(--region "$Region" --trust-anchor-arn "$TrustAnchorArn" --profile-arn "$ProfileArn" --role-arn "$RoleArn")
  [[ -z $Endpoint ]] || session_flags+=(--endpoint "$Endpoint")
  [[ $WithProxy == false ]] || session_flags+=(--with-proxy)
}

# Trades the new pair for credentials once, before anything relies on it. The helper's stdout is live credentials: it
# stays in a variable of this process, and of it only Expiration goes any further. The agent may have pointed AWS_* at
# credentials of the node; the proof must not be answered by those.
prove_session() {
  local answer code=0 message=''
  local -a pair=(--certificate "$candidate/certificate.pem" --private-key "$candidate/private-key.pem" --intermediates "$candidate/chain.pem")
  step=session
  answer=$(env -u AWS_PROFILE -u AWS_SHARED_CREDENTIALS_FILE -u AWS_CONFIG_FILE \
    timeout -k 5 "$session_seconds" "$helper" credential-process "${session_flags[@]}" "${pair[@]}" --session-duration 900 2>"$work/helper-error" 3>&-) || code=$?
  IFS= read -r -d '' -n 2000 message <"$work/helper-error" || true
  safe_text "$message"
  case $code in
    0) ;;
    124 | 137) fail SessionTimedOut "aws_signing_helper had no answer after $session_seconds s; check network, proxy and endpoint. $REPLY" ;;
    *) fail SessionRefused "aws_signing_helper ended with code $code: ${REPLY:-no message}" ;;
  esac
  [[ $answer =~ \"Expiration\"\ *:\ *\"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)\" ]] ||
    fail SessionUnreadable 'the answer of aws_signing_helper has no Expiration; check which program that is'
  session_expiration=${BASH_REMATCH[1]}
}
