# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # UpperCamelCase names are the document's parameters; common.sh shares lower-case ones
#
# DeployCertificate: proves a certificate together with its key, then puts the pair into use with one rename.
#
#   <certPath>/.certvend/<host>/current -> generations/<attempt>                          the one thing that switches
#   <certPath>/<host>.crt               -> .certvend/<host>/current/certificate.pem       key, chain and CSR likewise
#
# Whatever fails before the rename leaves the old pair in use. Run again with the same attempt it starts over, or, where
# that attempt is in use already, repairs what is missing.

readonly session_seconds=45 # CreateSession takes about a second; a proxy that swallows packets takes for ever
readonly reload_seconds=60
readonly file_names=(private-key.pem chain.pem request.pem certificate.pem) # of a generation; certificate last

check_command_parameters() {
  require_match Certificate "$Certificate" '^[A-Za-z0-9+/]+={0,2}$' 12000
  require_match Chain "$Chain" '^[A-Za-z0-9+/]+={0,2}$' 32000
  require_match TrustAnchorArn "$TrustAnchorArn" '^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]+:[0-9]{12}:trust-anchor/[A-Za-z0-9-]+$'
  require_match ProfileArn "$ProfileArn" '^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]+:[0-9]{12}:profile/[A-Za-z0-9-]+$'
  require_match RoleArn "$RoleArn" '^arn:aws[a-z-]*:iam::[0-9]{12}:role(/[A-Za-z0-9+=,@_-][A-Za-z0-9+=,.@_-]*)+$'
  require_match Region "$Region" '^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$'
  require_match Endpoint "$Endpoint" '^(https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?)?$'
  require_match WithProxy "$WithProxy" '^(true|false)$'
  require_match KeyMode "$KeyMode" '^(0400|0440)$'
  require_match ReloadUnit "$ReloadUnit" '^([A-Za-z0-9][A-Za-z0-9:_.@-]*)?$' 200
  require_match AwsConfigFile "$AwsConfigFile" '^((/+[.]{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*)+)?$' 255
  require_match AwsProfile "$AwsProfile" '^([A-Za-z0-9_][A-Za-z0-9_.-]*)?$' 64
  aws_config=''
  [[ -z $AwsConfigFile ]] || { host_path AwsConfigFile "$AwsConfigFile" && aws_config=$REPLY; }
  [[ -n $AwsConfigFile || -z $AwsProfile ]] || fail ParameterInvalid 'AwsProfile is given without AwsConfigFile; give both or none'
  [[ -z $AwsConfigFile || -n $AwsProfile ]] || fail ParameterInvalid 'AwsConfigFile is given without AwsProfile; give both or none'
}

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

# Sets REPLY to the digests of the given files; equal digests mean equal files, byte for byte.
digests() {
  local digest
  REPLY=''
  while read -r digest _; do REPLY+="$digest "; done < <(sha256sum -- "$@")
}

# --- the switch ------------------------------------------------------------------------------------------------------

# Gives the proven candidate its owners, modes and name. Everything is on disk before anything can lead to it.
promote_candidate() {
  step=switch
  printf '%s' "$session_expiration" >"$candidate/session-expiration"
  chown -- "$key_owner" "$candidate/private-key.pem"
  chmod -- "$KeyMode" "$candidate/private-key.pem"
  chmod 0644 "$candidate/certificate.pem" "$candidate/chain.pem" "$candidate/request.pem"
  chmod 0711 "$candidate"
  sync "$candidate"/* "$candidate"
  rm -rf -- "${home:?}/generations/$Attempt" # of a run that was killed before its switch
  mv -T -- "$candidate" "$home/generations/$Attempt"
  sync "$home/generations"
  relabel "$home/generations/$Attempt"
}

# SELinux hosts expect the labels of the place. Elsewhere there is no such command.
relabel() {
  ! command -v restorecon >/dev/null || restorecon -R -- "$@" || true
}

# Points `current` at generation $1.
use_generation() {
  replace_link "generations/$1" "$home/current"
  sync "$home"
}

# Sets REPLY to what the public link for file $1 of a generation must say: the way from its directory to `current`.
link_for() {
  local from=${public_names[$1]%/*} to=$home/current/$1 up=''
  while [[ $to != "$from"/* ]]; do
    from=${from%/*}
    up+=../
  done
  REPLY=$up${to#"$from"/}
}

# Whether the public name of file $1 leads through `current` already.
is_our_link() {
  link_for "$1"
  [[ -L ${public_names[$1]} && $(readlink -- "${public_names[$1]}") == "$REPLY" ]]
}

# Files that stand at the public names and are not our links become a generation of their own, together with those that
# are. `current` then leads to exactly the bytes that every public name had before, so that the names can be turned
# into links one by one and no reader sees a change, until the one rename that switches all of them.
adopt_existing_files() {
  local file id=$original_id foreign='' adopted=$home/adopted.$$
  for file in "${file_names[@]}"; do
    is_our_link "$file" || [[ ! -e ${public_names[$file]} ]] || foreign+=" $file"
  done
  [[ -n $foreign ]] || return 0
  current_generation "$home"
  [[ $REPLY != "$id" ]] || id=${id%0}1
  mkdir -m 0700 -- "$adopted"
  for file in "${file_names[@]}"; do
    [[ ! -e ${public_names[$file]} ]] || cp -pL -- "${public_names[$file]}" "$adopted/$file"
  done
  chmod 0711 "$adopted"
  sync "$adopted"/* "$adopted"
  rm -rf -- "${home:?}/generations/$id"
  mv -T -- "$adopted" "$home/generations/$id"
  relabel "$home/generations/$id"
  use_generation "$id"
  for file in $foreign; do
    link_for "$file"
    replace_link "$REPLY" "${public_names[$file]}"
  done
}

# Flips `current` to this attempt and completes the public names. Then reads them as an application would: whatever
# stands in the way, if they do not yield the proven bytes the old pair comes back.
switch_generation() {
  local previous file proven
  local -a made=()
  step=switch
  digests "${file_names[@]/#/$home/generations/$Attempt/}"
  proven=$REPLY
  adopt_existing_files
  current_generation "$home"
  previous=$REPLY
  [[ $previous == "$Attempt" ]] || use_generation "$Attempt"
  for file in "${file_names[@]}"; do
    if ! is_our_link "$file"; then
      link_for "$file"
      replace_link "$REPLY" "${public_names[$file]}"
      made+=("${public_names[$file]}")
    fi
  done
  relabel "${public_names[@]}"
  digests "${public_names[private-key.pem]}" "${public_names[chain.pem]}" "${public_names[request.pem]}" "${public_names[certificate.pem]}"
  [[ $REPLY != "$proven" ]] || return 0

  if [[ -n $previous ]]; then use_generation "$previous"; else rm -f -- "${made[@]}" "$home/current"; fi
  fail PublicNamesDiffer "the public names do not yield the proven files; the old pair is back; look at $cert_directory and $key_directory"
}

# --- what applications use -------------------------------------------------------------------------------------------

# Installs the program that an AWS config file calls. An application that opened certificate and key through the public
# names could meet a switch between the two; this resolves `current` once.
install_credential_process() {
  local new=$home/.credential-process.new
  {
    printf '#!/bin/sh\n# Written by certvend at every deployment: credentials for credential_process in an AWS config file.\n'
    printf "home='%s'\n" "$home"
    # shellcheck disable=SC2016 # expands when the program runs
    printf 'pair="$home/$(readlink "$home/current")" # once: certificate and key come from one generation\n'
    printf "exec '%s' credential-process" "$helper"
    printf " '%s'" "${session_flags[@]}" # the patterns of the parameters leave no quote to escape
    # shellcheck disable=SC2016
    printf ' --certificate "$pair/certificate.pem" --private-key "$pair/private-key.pem" --intermediates "$pair/chain.pem"\n'
  } >"$new"
  chmod 0755 "$new"
  sync "$new"
  mv -T -- "$new" "$home/credential-process"
}

# Reads the AWS config file into `config_before`, `config_after`: what stands around our block. Refuses a file that
# others could have prepared, a block without end, and a profile of that name which is not ours.
read_aws_config() {
  local line inside=no section="[profile $AwsProfile]"
  config_before=''
  config_after=''
  [[ -n $aws_config ]] || return 0
  [[ $AwsProfile != default ]] || section='[default]'
  ensure_directory "${aws_config%/*}" 0755
  [[ -e $aws_config || -L $aws_config ]] || return 0
  [[ -f $aws_config && ! -L $aws_config ]] || fail AwsConfigUnsafe "$aws_config is not a regular file; allowed: a regular file"
  while IFS= read -r line || [[ -n $line ]]; do
    case $inside:$line in
      no:"$config_begin") inside=yes ;;
      yes:"$config_end") inside=after ;;
      yes:*) ;;
      *:"$section"*) fail AwsProfileTaken "$aws_config has a $section that certvend did not write; remove it or choose another name" ;;
      no:*) config_before+=$line$'\n' ;;
      *) config_after+=$line$'\n' ;;
    esac
  done <"$aws_config"
  [[ $inside != yes ]] || fail AwsConfigUnsafe "$aws_config has '$config_begin' without its end; repair the file"
}

# Writes or replaces our one block. Owner and mode of an existing file stay; nothing in it is secret.
write_aws_config() {
  local new=${aws_config%/*}/.${aws_config##*/}.certvend section="[profile $AwsProfile]"
  [[ -n $aws_config ]] || return 0
  [[ $AwsProfile != default ]] || section='[default]'
  printf '%s%s\n%s\ncredential_process = "%s"\n%s\n%s' "$config_before" "$config_begin" "$section" \
    "$home/credential-process" "$config_end" "$config_after" >"$new"
  chmod 0644 "$new"
  if [[ -e $aws_config ]]; then
    chown --reference="$aws_config" -- "$new"
    chmod --reference="$aws_config" -- "$new"
  fi
  sync "$new"
  mv -T -- "$new" "$aws_config"
}

# --- afterwards ------------------------------------------------------------------------------------------------------

# So that a later run with other paths finds the key that is in use.
remember_home() {
  local new=$state/$HostId/.home.new
  printf '%s\n' "${home#"$root"}" >"$new"
  sync "$new"
  mv -T -- "$new" "$state/$HostId/home"
}

# Keeps what is in use and the last generation before it; staged keys of this attempt and older ones have done their duty.
remove_leftovers() {
  local directory id keep=''
  for directory in "$home"/generations/*; do
    id=${directory##*/}
    if [[ $id < $Attempt && $id > $keep ]]; then keep=$id; fi
  done
  for directory in "$home"/generations/*; do
    id=${directory##*/}
    [[ $id == "$Attempt" || $id == "$keep" ]] || rm -rf -- "$directory"
  done
  # An adopted key keeps its mode while it is in use, however wide; afterwards nobody has to reach it.
  [[ $keep != "${original_id%0}"* ]] || chmod 0700 "$home/generations/$keep"
  for directory in "$staging"/*; do
    [[ ${directory##*/} > $Attempt ]] || rm -rf -- "$directory"
  done
  rm -rf -- "$home"/candidate.* "$home"/adopted.* "$work"
}

# Tells the application. The certificate is in use either way, so a failure is a fact in the result, not a failed run;
# the caller sends the same attempt again until it works.
reload_unit() {
  reload=none
  [[ -n $ReloadUnit ]] || return 0
  step=reload
  reload='done'
  timeout -k 5 "$reload_seconds" systemctl try-reload-or-restart -- "$ReloadUnit" 3>&- || reload=failed
}

clean_up() {
  rm -rf -- "${candidate:-}" "${work:-}"
}

main() {
  local outcome=deployed validated=false
  preflight
  readonly candidate=$home/candidate.$$
  readonly work=$state/$HostId/work
  readonly config_begin="# BEGIN certvend $HostId" config_end="# END certvend $HostId"
  session_expiration=''
  set_session_flags
  read_aws_config
  rm -rf -- "$work"
  mkdir -m 0700 -- "$work"
  decode_parameters

  current_generation "$home"
  if [[ $REPLY == "$Attempt" ]]; then
    outcome=alreadyDeployed
    [[ $(<"$work/certificate.pem") == "$(<"$home/current/certificate.pem")" ]] ||
      fail AttemptReused "attempt $Attempt is in use with another certificate; a new attempt is needed"
    session_expiration=$(<"$home/current/session-expiration")
  else
    find_key
    build_candidate
    verify_candidate
    if [[ $Validation != off && $helper_state == present ]]; then prove_session; fi
    promote_candidate
  fi
  switch_generation
  install_credential_process
  write_aws_config
  remember_home
  remove_leftovers
  reload_unit

  [[ -z $session_expiration ]] || validated=true
  print_result "\"ok\":true,\"outcome\":\"$outcome\",\"serial\":\"$serial\",\"sessionExpiration\":\"$session_expiration\",\"validated\":$validated,\"reload\":\"$reload\""
}

main
