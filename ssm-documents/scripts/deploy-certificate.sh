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
