# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # UpperCamelCase names are the document's parameters; lower-case ones come from common.sh
#
# GenerateCsr: makes a private key and a certificate signing request for one attempt. The key never leaves the host.
# Run again with the same attempt it gives the same request; the files in use are not touched.

check_command_parameters() {
  require_match KeyAlgorithm "$KeyAlgorithm" '^(RSA_2048|RSA_4096|EC_prime256v1|EC_secp384r1)$'
}

# A killed run leaves nothing but files of its own process id; a key is there whole or not at all.
make_key() {
  local key=$1 new=$1.$$
  local -a options
  case $KeyAlgorithm in
    RSA_*) options=(-algorithm RSA -pkeyopt "rsa_keygen_bits:${KeyAlgorithm#RSA_}") ;;
    EC_*) options=(-algorithm EC -pkeyopt "ec_paramgen_curve:${KeyAlgorithm#EC_}" -pkeyopt ec_param_enc:named_curve) ;;
  esac
  openssl genpkey "${options[@]}" -out "$new" 2>/dev/null ||
    fail KeyFailed "openssl $openssl_version could not make a key of type $KeyAlgorithm; look at space and at openssl genpkey"
  sync "$new"
  mv -T -- "$new" "$key"
}

make_request() {
  local key=$1 request=$2 new=$2.$$
  write_request "$key" "$new" || fail CsrFailed "openssl $openssl_version could not make a request; see the error output"
  sync "$new"
  mv -T -- "$new" "$request"
}

# Attempts before this one were given up: their keys are of no use to anybody but a thief.
remove_older_attempts() {
  local directory
  for directory in "$staging"/*; do
    [[ ! ${directory##*/} < $Attempt ]] || rm -rf -- "$directory"
  done
}

main() {
  local directory request
  preflight
  directory=$staging/$Attempt

  current_generation "$home"
  if [[ $REPLY == "$Attempt" ]]; then
    directory=$home/generations/$Attempt # deployed already: the answer stays the same
  else
    remove_older_attempts
    ensure_directory "$directory" 0700
    step=key
    [[ -s $directory/private-key.pem ]] || make_key "$directory/private-key.pem"
    step=csr
    [[ -s $directory/request.pem ]] || make_request "$directory/private-key.pem" "$directory/request.pem"
    sync "$directory"
  fi

  step=csr
  request=$(base64 -w 0 <"$directory/request.pem")
  print_result "\"ok\":true,\"csr\":\"$request\",\"openssl\":\"$openssl_version\",\"helper\":\"$helper_state\""
}

main
