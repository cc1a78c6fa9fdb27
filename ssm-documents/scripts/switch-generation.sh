# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # names are parameters of the document, or of the other scripts of DeployCertificate
#
# Part of DeployCertificate: puts a proven pair into use with one rename, or brings the old pair back.

# Sets REPLY to the digests of the given files; equal digests mean equal files, byte for byte.
digests() {
  local digest
  REPLY=''
  while read -r digest _; do REPLY+="$digest "; done < <(sha256sum -- "$@")
}

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
