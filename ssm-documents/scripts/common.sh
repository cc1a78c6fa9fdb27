# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # UpperCamelCase names are the document's parameters; the commands use the rest
#
# What both commands share: the result line, checks of parameters and directories, the host lock, links.
# The UpperCamelCase variables are the document's parameters; they are set on the first lines of the rendered script.
# Needs bash 4.4, coreutils and openssl 1.1.1 or newer, nothing else.

set +xv                    # a trace would show what the signing helper answers
set -Eeuo pipefail
umask 077
ulimit -c 0                # a core dump would hold the key
export LC_ALL=C            # plain sorting, plain messages
exec 3>&1 1>&2             # stdout carries the result and nothing else; chatter goes to stderr

readonly lock_seconds=45          # how long a second run waits for the first
readonly clock_behind_seconds=300 # AWS refuses requests signed by a clock that is further off
readonly late_seconds=3600        # a command that arrives later than this is not wanted any more
readonly space_kilobytes=1024     # room for several generations
readonly original_id=00000000000000000000000000 # generation of files found on the host; sorts before every ULID

step=preflight             # where a failure is reported to have happened
root=${CERTVEND_ROOT:-}    # like DESTDIR: a prefix of every path on the host, for tests and local nodes
root_uid=0
root_gid=0

# --- the result ------------------------------------------------------------------------------------------------------

# Sets REPLY to $1 as a JSON string. Anything but printable ASCII becomes a blank: the text may be from anywhere.
json_string() {
  local text=${1//[^ -~]/ } backslash=$'\x5c' quote='"'
  text=${text//"$backslash"/"$backslash$backslash"}
  text=${text//"$quote"/"$backslash$quote"}
  REPLY="\"$text\""
}

# Prints the one thing the caller reads. Arguments: JSON members that follow attempt and hostId.
print_result() {
  local attempt host
  trap - ERR EXIT TERM INT HUP
  json_string "${Attempt:0:64}" && attempt=$REPLY
  json_string "${HostId:0:64}" && host=$REPLY
  printf '%s\n' '-----BEGIN CERTVEND RESULT-----' "{\"attempt\":$attempt,\"hostId\":$host,$1}" \
    '-----END CERTVEND RESULT-----' >&3
}

# Ends the run: $1 is a reason constant (see README.md), $2 one sentence: what was found, what is allowed, what to do.
fail() {
  local reason=$1 message=${2:0:480}
  # In a subshell stdout may be captured by the caller, and the caller reports the failure itself.
  ((BASH_SUBSHELL == 0)) || exit 1
  [[ -z $root ]] || message=${message//"$root/"//}
  json_string "$message"
  clean_up || true
  print_result "\"ok\":false,\"step\":\"$step\",\"reason\":\"$reason\",\"message\":$REPLY"
  exit 1
}

# What a failed run must not leave behind; the commands replace it.
clean_up() { :; }

# Every way out that nobody thought of still says where it was. The command itself is not shown: it may name secrets.
trap 'fail CommandFailed "line $LINENO (${FUNCNAME[0]:-main}) ended with exit code $?; the reason is in the error output"' ERR
trap 'fail CommandFailed "the script ended early; the reason is in the error output"' EXIT
trap 'fail Interrupted "the run was told to stop; the files in use were not changed half-way; it can be run again"' TERM INT HUP

shopt -s nullglob inherit_errexit 2>/dev/null || fail ToolMissing "bash is $BASH_VERSION; needed: 4.4 or newer"

# --- parameters ------------------------------------------------------------------------------------------------------

# The same patterns as in the documents (a test compares them): Run Command checks them first, but this is a root shell.
require_match() {
  local name=$1 value=$2 pattern=$3 maximum=${4:-512}
  ((${#value} <= maximum)) || fail ParameterInvalid "$name has ${#value} characters; allowed: $maximum"
  [[ $value =~ $pattern ]] || fail ParameterInvalid "$name is '${value:0:60}'; allowed: $pattern"
}

readonly path_pattern='^(/+[.]{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*)+/*$'
readonly account_pattern='^[A-Za-z_][A-Za-z0-9_.-]*$'

# Directories come in any spelling; comparisons and messages want one. Sets REPLY to the path under $root.
host_path() {
  local name=$1 path=$2
  require_match "$name" "$path" "$path_pattern" 255
  while [[ $path == *//* ]]; do path=${path//\/\///}; done
  REPLY=$root${path%/}
}

# The parameters that both documents have, and the places that follow from them.
check_common_parameters() {
  require_match Attempt "$Attempt" '^[0-9A-HJKMNP-TV-Z]{26}$'
  require_match HostId "$HostId" '^mi-[0-9a-f]{17}$'
  require_match RequestedAt "$RequestedAt" '^[0-9]{1,12}$'
  require_match Validation "$Validation" '^(required|ifHelperPresent|off)$'
  require_match Owner "$Owner" "$account_pattern" 64
  require_match Group "$Group" "$account_pattern" 64
  host_path CertPath "$CertPath" && cert_directory=$REPLY
  host_path KeyPath "$KeyPath" && key_directory=$REPLY
  host_path CsrPath "$CsrPath" && csr_directory=$REPLY
  host_path CaCertPath "$CaCertPath" && chain_directory=$REPLY
  host_path SigningHelperPath "$SigningHelperPath" && helper=$REPLY/aws_signing_helper

  readonly home=$cert_directory/.certvend/$HostId       # generations and `current`: what the public names lead to
  readonly state=$root/var/lib/certvend                 # private to root: the lock and staged keys
  readonly staging=$state/$HostId/staging               # one directory per attempt
  # Where the host's applications look, and the file of a generation that each name leads to.
  declare -gA public_names=(
    [private-key.pem]=$key_directory/$HostId.key
    [chain.pem]=$chain_directory/ca_chain_certificate.crt
    [request.pem]=$csr_directory/$HostId.csr
    [certificate.pem]=$cert_directory/$HostId.crt
  )
}

# --- who runs this, with what ----------------------------------------------------------------------------------------

# Under CERTVEND_ROOT whoever runs the script plays root, so that tests and local nodes need no privileges.
check_user() {
  if [[ -z $root ]]; then
    ((EUID == 0)) || fail NotRoot "the script runs as user id $EUID; it must run as root"
    return
  fi
  [[ $root == /* && $root != */ && $root != *[\'\"$'\n']* && -d $root ]] ||
    fail ParameterInvalid 'CERTVEND_ROOT must be an existing absolute directory without quotes and final slash'
  root_uid=$EUID
  root_gid=$(id -g)
}

# Named at once instead of half-way: a missing tool in the middle of a switch would be the worst moment.
check_tools() {
  local tool missing=''
  for tool in base64 chmod chown cp date df head id ln mkdir mv openssl readlink rm sha256sum sleep stat sync timeout; do
    command -v "$tool" >/dev/null || missing+=" $tool"
  done
  [[ -z $missing ]] || fail ToolMissing "not found on PATH:$missing; install coreutils and openssl"
  openssl_version=$(openssl version)
  openssl_version=${openssl_version#OpenSSL }
  openssl_version=${openssl_version%% *}
  [[ $openssl_version =~ ^(1\.1\.1|[3-9]\.) ]] ||
    fail OpensslUnsupported "openssl is '$openssl_version'; allowed: OpenSSL 1.1.1 or newer"
}

# The only reading of the clock: everything that depends on time in one run sees the same moment.
check_clock() {
  local ahead
  now=$(date +%s)
  ahead=$((now - 10#$RequestedAt))
  ((ahead >= -clock_behind_seconds)) ||
    fail ClockWrong "this host's clock is $((-ahead)) s behind the request; allowed: $clock_behind_seconds; set the clock"
  ((ahead <= late_seconds)) ||
    fail ClockWrong "the request is $ahead s old by this host's clock; allowed: $late_seconds; set the clock, or the command came too late"
}

# --- directories -----------------------------------------------------------------------------------------------------

declare -A safe_directories=()

# Sets REPLY to what is wrong with directory $1, or to nothing. Every directory from the root down must be a real
# directory that only root can change: whoever can rename a parent can put anything in its place.
# The group bits also show what an ACL grants (they are its mask), so an ACL cannot slip through.
directory_problem() {
  local walked=$root part directory owner group mode kind
  local -a parts unknown=()
  IFS=/ read -ra parts <<<"${1#"$root"/}"
  REPLY=''
  for part in "${parts[@]}"; do
    walked+=/$part
    [[ -e $walked || -L $walked ]] || { REPLY="$walked is missing" && return; }
    [[ -v safe_directories[$walked] ]] || unknown+=("$walked")
  done
  ((${#unknown[@]} > 0)) || return 0
  while read -r owner group mode kind; do
    directory=${unknown[0]}
    unknown=("${unknown[@]:1}")
    [[ $kind == directory ]] || { REPLY="$directory is a $kind; allowed: a real directory" && return; }
    ((owner == root_uid)) || { REPLY="$directory belongs to user id $owner; allowed: root" && return; }
    (((8#$mode & 8#002) == 0)) || { REPLY="everybody can write to $directory (mode $mode)" && return; }
    (((8#$mode & 8#020) == 0 || group == root_gid)) ||
      { REPLY="group id $group can write to $directory (mode $mode)" && return; }
    safe_directories[$directory]=yes
  done < <(stat -c '%u %g %a %F' -- "${unknown[@]}")
  ((${#unknown[@]} == 0)) || REPLY="${unknown[0]} cannot be looked at"
}

# Makes directory $1 with mode $2 where it is missing (its parents with 0755), and refuses it where it is not safe.
ensure_directory() {
  local path=$1 mode=$2 parent=${1%/*}
  if [[ ! -e $path && ! -L $path ]]; then
    [[ $parent == "$root" ]] || ensure_directory "$parent" 0755
    # Another run may be making it right now: some of them are needed before the lock can be taken.
    mkdir -m "$mode" -- "$path" || [[ -d $path ]] || fail DirectoryUnsafe "$path cannot be created; create it, owned by root, mode $mode"
  fi
  directory_problem "$path"
  [[ -z $REPLY ]] || fail DirectoryUnsafe "$REPLY; use directories that only root can write, such as /etc/certvend"
}

# Directories are created here, before anything secret exists, and what stands at the public names is looked at.
check_directories() {
  local directory name
  for directory in "$cert_directory" "$key_directory" "$csr_directory" "$chain_directory"; do
    ensure_directory "$directory" 0755
  done
  # 0711: the application must pass through to its key, but has no business listing what is there.
  ensure_directory "$cert_directory/.certvend" 0711
  ensure_directory "$home" 0711
  ensure_directory "$home/generations" 0711
  for name in "${public_names[@]}"; do
    [[ ! -e $name || -f $name ]] || fail PublicNameUnsafe "$name is neither a file nor a link to one; move it away"
  done
}

check_space() {
  local directory kilobytes inodes all
  for directory in "$state" "$home"; do
    { read -r _ && read -r kilobytes inodes all; } < <(df -k --output=avail,iavail,itotal -- "$directory")
    ((kilobytes >= space_kilobytes)) ||
      fail SpaceShort "$directory has $kilobytes KB left; needed: $space_kilobytes; free some space"
    # Some file systems (btrfs) do not count inodes.
    [[ ! $all =~ ^[1-9] ]] || ((inodes >= 32)) || fail SpaceShort "$directory has $inodes inodes left; needed: 32; free some"
  done
}

# Whether the helper is there, and if it will run as root, whether only root can have put it there. Sets helper_state.
check_helper() {
  local directory=${helper%/*} owner group mode kind
  helper_state=present
  [[ -e $helper || -L $helper ]] || helper_state=absent
  [[ $Validation != off ]] || return 0
  if [[ $helper_state == absent ]]; then
    [[ $Validation == ifHelperPresent ]] ||
      fail HelperMissing "$helper does not exist; install aws_signing_helper there, or set validation to ifHelperPresent"
    return 0
  fi
  directory_problem "$directory"
  [[ -z $REPLY ]] || fail HelperDirectoryUnsafe "$REPLY; only root may be able to change what runs as root"
  read -r owner group mode kind < <(stat -c '%u %g %a %F' -- "$helper")
  [[ $kind == 'regular file' ]] || fail HelperUnsafe "$helper is a $kind; allowed: a regular file"
  ((owner == root_uid && (8#$mode & 8#002) == 0)) || fail HelperUnsafe "$helper has owner id $owner and mode $mode; allowed: root, not writable by others"
  (((8#$mode & 8#020) == 0 || group == root_gid)) || fail HelperUnsafe "group id $group can write to $helper"
  [[ -x $helper ]] || fail HelperNotExecutable "$helper has mode $mode; make it executable (chmod 0755)"
}

# Tried on an empty file, because coreutils cannot look a group up. Sets key_owner to what chown understands.
check_owner() {
  local probe=$state/owner-probe user=$Owner group=$Group
  [[ $user != root ]] || user=$root_uid
  [[ $group != root ]] || group=$root_gid
  : >"$probe"
  chown -- "$user" "$probe" 2>/dev/null || fail OwnerUnknown "user '$Owner' cannot own files on this host; create the user or correct the row"
  chown -- ":$group" "$probe" 2>/dev/null || fail GroupUnknown "group '$Group' cannot own files on this host; create the group or correct the row"
  rm -f -- "$probe"
  key_owner=$user:$group
}

# --- the host lock ---------------------------------------------------------------------------------------------------
#
# flock belongs to util-linux, so the lock is made of what coreutils have: numbered tickets. A ticket is a symlink that
# names a process; the newest ticket holds the lock as long as its process lives, so kill -9 and a power cut free it.
# Taking it means to create the next number, which succeeds for one process only, and to see that no higher one exists.
# The newest ticket is never deleted, therefore nobody can mistake an old number for the next one.

# Sets REPLY to a name of process $1 that no other process will ever have; fails where there is none (or a zombie).
process_name() {
  local line boot
  local -a fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -r boot </proc/sys/kernel/random/boot_id
  read -ra fields <<<"${line##*) }" # after the command's name, which may hold blanks: state is first, start time the 20th
  [[ ${fields[0]} != [ZX] ]] || return 1
  REPLY=$boot:$1:${fields[19]}
}

# Sets REPLY to the highest ticket number in directory $1, 0 where there is none.
newest_ticket() {
  local ticket
  REPLY=0
  for ticket in "$1"/*; do
    ((${ticket##*/} <= REPLY)) || REPLY=${ticket##*/}
  done
}

take_lock() {
  local directory=$state/lock own newest holder pid ticket deadline=$((SECONDS + lock_seconds))
  ensure_directory "$directory" 0700
  process_name "$$" || fail ToolMissing 'the /proc file system is not mounted; mount it'
  own=$REPLY
  until ((SECONDS > deadline)); do
    newest_ticket "$directory" && newest=$REPLY
    if ((newest > 0)); then
      holder=$(readlink -- "$directory/$newest") || continue # gone: somebody was faster, look again
      pid=${holder#*:}
      if process_name "${pid%%:*}" && [[ $REPLY == "$holder" ]]; then
        sleep 0.2
        continue
      fi
    fi
    ln -sT -- "$own" "$directory/$((newest + 1))" 2>/dev/null || { sleep 0.1 && continue; }
    newest_ticket "$directory"
    if ((REPLY == newest + 1)); then
      for ticket in "$directory"/*; do ((${ticket##*/} > newest)) || rm -f -- "$ticket"; done
      return
    fi
    rm -f -- "$directory/$((newest + 1))" # our number was an old one
  done
  fail HostBusy "another run has held $directory for $lock_seconds s; it is tried again later"
}

# --- generations -----------------------------------------------------------------------------------------------------

# Sets REPLY to the id of the generation in use at home $1, or to nothing.
current_generation() {
  REPLY=''
  [[ ! -L $1/current ]] || REPLY=$(readlink -- "$1/current")
  REPLY=${REPLY#generations/}
}

# Sets previous_home to where the last deployment was, if the administrator has moved the paths since.
find_previous_home() {
  previous_home=''
  [[ ! -s $state/$HostId/home ]] || previous_home=$root$(<"$state/$HostId/home")
  [[ $previous_home != "$home" && -d $previous_home ]] || { previous_home='' && return; }
  directory_problem "$previous_home"
  [[ -z $REPLY ]] || previous_home=''
}

# A command can arrive late or twice. ULIDs sort by time, so an attempt older than what is in use was given up.
refuse_superseded_attempt() {
  local directory
  find_previous_home
  for directory in "$home"/generations/* ${previous_home:+"$previous_home"/generations/*}; do
    [[ ! ${directory##*/} > $Attempt ]] ||
      fail AttemptSuperseded "generation ${directory##*/} is newer than this attempt; nothing is to be done"
  done
}

# --- files -----------------------------------------------------------------------------------------------------------

# Makes $2 a symlink to $1 in one rename, whatever file or link was there: a reader finds the old or the new one.
replace_link() {
  local new=${2%/*}/.${2##*/}.new
  ln -sfT -- "$1" "$new"
  mv -T -- "$new" "$2"
}

# Writes the CSR for key $1 to $2: the host's name and nothing else, whatever the openssl.cnf of the system would add.
write_request() {
  openssl req -new -sha256 -key "$1" -subj "/CN=$HostId" -out "$2" \
    -config <(printf '[req]\ndistinguished_name=subject\n[subject]\n')
}

# What every run does first. After it, this run is the only one, and everything it needs is in place.
preflight() {
  check_user
  check_common_parameters
  check_command_parameters
  check_tools
  ensure_directory "$state" 0700
  take_lock
  check_clock
  check_helper
  check_directories
  ensure_directory "$state/$HostId" 0700
  ensure_directory "$staging" 0700
  check_space
  check_owner
  refuse_superseded_attempt
}
