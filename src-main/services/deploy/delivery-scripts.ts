/**
 * The way for files between GPU host and VPS, as constant POSIX shell: values travel as arguments, never as text. Each
 * may be run twice.
 */

/**
 * On the VPS; changes nothing. Arguments: marker of the agent's line, port of Redis, folder of the outputs, folder of
 * the inputs. Prints `key=value` lines, which domain/deploy/vps-findings.ts reads.
 */
export const LOOK_AT_VPS = String.raw`
LC_ALL=C; export LC_ALL
marker=$1 redis=$2 outputs=$3 inputs=$4
say() { printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n\r\t' '   ' | cut -c1-2000)"; }
say user "$(id -un)"
# "client port server port", by sshd.
address=$(printf '%s' "$SSH_CONNECTION" | cut -d' ' -f3)
port=$(printf '%s' "$SSH_CONNECTION" | cut -d' ' -f4)
say port "$port"
say address "$address"
ip -4 -o addr show 2>/dev/null | sed -n 's/.* inet \([0-9.]*\).*/\1/p' | while IFS= read -r one; do say address "$one"; done
if command -v ss >/dev/null 2>&1; then
  say looked yes
  ss -Hltn 2>/dev/null | while read -r _ _ _ local _; do
    case $local in *":$redis") say listen "$(printf '%s' "$local" | sed 's/:[0-9]*$//')" ;; esac
  done
fi
for key in /etc/ssh/ssh_host_*_key.pub; do
  [ -r "$key" ] && say hostkey "$(cut -d' ' -f1,2 "$key" | head -n 1)"
done
# What it really shows, wherever its keys lie.
if command -v ssh-keyscan >/dev/null 2>&1; then
  [ -n "$port" ] || port=22
  [ -n "$address" ] || address=127.0.0.1
  ssh-keyscan -T 5 -p "$port" "$address" 2>/dev/null | while read -r _ type key _; do
    say hostkey "$type $key"
  done
fi
folder() {
  [ -n "$2" ] || return 0
  if [ ! -d "$2" ]; then say "$1" missing
  elif [ -w "$2" ] && [ -x "$2" ]; then say "$1" writable
  elif [ -r "$2" ] && [ -x "$2" ]; then say "$1" readable
  else say "$1" closed
  fi
}
folder outputs "$outputs"
folder inputs "$inputs"
if [ -n "$outputs" ]; then
  for one in "$outputs"/*/; do
    [ -d "$one" ] && [ ! -w "$one" ] && say locked "$(basename "$one")"
  done
fi
# Where sshd reads this user's keys: by its own word, under the configuration of the one that serves us. It gives no
# word without a host key, and nobody but root may read its own.
user=$(id -un)
home=$(getent passwd "$user" 2>/dev/null | cut -d: -f6)
[ -n "$home" ] || home=$HOME
config=
at=$$
while at=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$at/status" 2>/dev/null) && [ "$((at + 0))" -ge 1 ]; do
  title=$(tr '\0' ' ' < "/proc/$at/cmdline" 2>/dev/null)
  case $title in
    'sshd: '*'[listener]'*) config=$(printf '%s' "$title" | sed -n 's/.* -f *\([^ ]*\) .*/\1/p'); break ;;
  esac
done
sshd=$(PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin command -v sshd)
told=
if [ -n "$sshd" ] && own=$(mktemp -d 2>/dev/null); then
  ssh-keygen -q -t ed25519 -N '' -f "$own/key" </dev/null >/dev/null 2>&1
  from=$(printf '%s' "$SSH_CONNECTION" | cut -d' ' -f1)
  set -- -T -h "$own/key" -C "user=$user,host=$from,addr=$from"
  [ -z "$config" ] || set -- "$@" -f "$config"
  told=$("$sshd" "$@" 2>/dev/null </dev/null || sudo -n "$sshd" "$@" 2>/dev/null </dev/null)
  rm -rf "$own"
fi
of_sshd() { printf '%s\n' "$told" | sed -n "s/^$1 //p" | head -n 1; }
[ "$(of_sshd pubkeyauthentication)" != no ] || say keys refused
usual=$HOME/.ssh/authorized_keys
file=
first=
set -f
for one in $(of_sshd authorizedkeysfile); do
  [ "$one" != none ] || continue
  one=$(printf '%s' "$one" | sed "s#%h#$home#g; s#%u#$user#g; s#%U#$(id -u)#g; s#%%#%#g")
  case $one in /*) ;; *) one=$home/$one ;; esac
  if [ "$(readlink -f -- "$one")" = "$(readlink -f -- "$usual")" ]; then file=$usual; break; fi
  [ -n "$first" ] || first=$one
  if [ -z "$file" ]; then
    case $one in "$home"/*) file=$one ;; *) [ -w "$(dirname -- "$one")" ] && file=$one ;; esac
  fi
done
set +f
if [ -z "$file" ] && [ -n "$first" ]; then say keysof "$first"; fi
[ -n "$file" ] || file=$usual
[ "$file" = "$usual" ] || say keyfile "$file"
lines_in() {
  awk -v end=" $marker" 'substr($0, length($0) - length(end) + 1) == end' "$1" 2>/dev/null | while IFS= read -r one; do
    say "$2" "$one"
  done
}
lines_in "$file" line
[ "$file" = "$usual" ] || lines_in "$usual" stray
exit 0
`;

/**
 * On the VPS: the agent's line stands in authorized_keys once, or not at all. Arguments: marker, the line or nothing,
 * the file, or nothing for the usual one. The file is replaced as a whole; where it is a link, what it leads to. Others' lines, owner and mode stay.
 */
export const SET_KEY_LINE = String.raw`
set -e
LC_ALL=C; export LC_ALL
umask 077
marker=$1 line=$2 file=$3
[ -n "$file" ] || file=$HOME/.ssh/authorized_keys
if [ -z "$line" ] && [ ! -f "$file" ]; then exit 0; fi
mkdir -p "$(dirname -- "$file")"
if [ -L "$file" ]; then file=$(readlink -f -- "$file"); fi
# Two consoles may do this for two GPU hosts at once.
if command -v flock >/dev/null 2>&1; then exec 9<"$(dirname "$file")"; flock -w 30 9; fi
draft=$file.$$.draft
trap 'rm -f "$draft"' EXIT
if [ -f "$file" ]; then cp -p -- "$file" "$draft"; else : > "$draft"; fi
{
  if [ -f "$file" ]; then
    awk -v end=" $marker" 'substr($0, length($0) - length(end) + 1) != end' "$file"
  fi
  if [ -n "$line" ]; then printf '%s\n' "$line"; fi
} > "$draft"
if [ -f "$file" ] && cmp -s "$file" "$draft"; then exit 0; fi
sync "$draft" 2>/dev/null || :
mv -f -- "$draft" "$file"
`;

/**
 * On the GPU host: a key pair without a passphrase, the old one if it is whole. Arguments: root, comment. Prints the
 * public half. Exit code 11: there is no ssh-keygen.
 */
export const MAKE_KEY = `
set -e
umask 077
key=$1/keys/vps
command -v ssh-keygen >/dev/null 2>&1 || exit 11
mkdir -p "$1/keys"
chmod 700 "$1/keys" 2>/dev/null || :
if [ ! -s "$key" ] || [ ! -s "$key.pub" ]; then
  rm -f "$key" "$key.pub" "$key.draft" "$key.draft.pub"
  ssh-keygen -q -t ed25519 -N '' -C "$2" -f "$key.draft" </dev/null
  mv -f "$key.draft" "$key"
  # Last, so that a pair is whole or none: nobody asks the key itself, which ssh-keygen refuses on volumes without modes.
  mv -f "$key.draft.pub" "$key.pub"
fi
chmod 600 "$key" 2>/dev/null || :
cat "$key.pub"
`;
