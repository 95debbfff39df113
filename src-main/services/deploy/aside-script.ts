/**
 * Part of the look's script: probes that run beside it. What hangs (a folder on a mount whose server is gone hangs
 * whoever asks for it, at times unkillably) is left behind after its time, and holds up nothing else. POSIX sh.
 */
export const ASIDE = `
have() { command -v "$1" >/dev/null 2>&1; }
aside=
for place in /dev/shm "$XDG_RUNTIME_DIR" "$TMPDIR" /tmp "$HOME"; do
  [ -n "$place" ] && aside=$(mktemp -d "$place/look.XXXXXX" 2>/dev/null) && break
done
[ -n "$aside" ] || { echo 'no folder there can be written to' >&2; exit 1; }
trap 'rm -rf "$aside"' EXIT
: > "$aside/dead"
# begin KEY SECONDS COMMAND …: nothing of it holds this script's own output open.
begin() {
  key=$1 limit=$2
  shift 2
  : > "$aside/$key.out"
  if have timeout; then set -- timeout -s KILL "$limit" "$@"; fi
  { "$@" > "$aside/$key.out" 2>/dev/null; echo "$?" > "$aside/$key.part"; mv "$aside/$key.part" "$aside/$key.end"; } </dev/null >/dev/null 2>&1 &
}
# settle SECONDS KEY …: waits until all have ended, or the time is over.
settle() {
  over=$(($(date +%s) + $1 + 1))
  shift
  for key; do
    while [ ! -e "$aside/$key.end" ] && [ "$(date +%s)" -le "$over" ]; do sleep 0.02 2>/dev/null || sleep 1; done
  done
}
# told KEY: what it printed; fails if it did, or has not ended (124 and more: in vain).
told() {
  [ -e "$aside/$1.end" ] || return 124
  cat "$aside/$1.out"
  return "$(cat "$aside/$1.end")"
}
# within SECONDS COMMAND …
within() {
  asked=1
  while [ -e "$aside/one.$asked.out" ]; do asked=$((asked + 1)); done
  seconds=$1
  begin "one.$asked" "$@"
  settle "$seconds" "one.$asked"
  told "one.$asked"
}
# Whether a folder is on none of the mounts that do not answer.
answers() {
  while IFS= read -r dead; do case $1/ in "$dead"/*) return 1 ;; esac; done < "$aside/dead"
}
`;

/** Seconds in which a mount must tell how full it is. */
const MOUNT_S = 5;

/** Names the mounts that do not answer, and remembers them. What the kernel makes up itself is not asked. */
export const SILENT_MOUNTS = String.raw`
mounts=
count=0
while read -r source where kind _; do
  case $kind in
    proc | sysfs | cgroup* | dev* | tmpfs | ramfs | mqueue | *fs.lxcfs | securityfs | debugfs | tracefs | bpf | pstore | configfs | fusectl | hugetlbfs | binfmt_misc | nsfs | overlay | squashfs | rpc_pipefs | efivarfs | autofs) continue ;;
  esac
  [ "$count" -lt 40 ] || break
  count=$((count + 1))
  # Spaces stand there as \040.
  printf '%b' "$(printf '%s' "$where" | sed 's/\\\([0-7]\)/\\0\1/g')" > "$aside/mount.$count"
  printf '%s %s' "$kind" "$source" > "$aside/kind.$count"
  begin "m.$count" ${MOUNT_S} df -Pk "$(cat "$aside/mount.$count")"
  mounts="$mounts m.$count"
done < /proc/mounts
settle ${MOUNT_S} $mounts
for mount in $mounts; do
  code=0
  told "$mount" > /dev/null || code=$?
  [ "$code" -ge 124 ] || continue
  where=$(cat "$aside/mount.$(printf '%s' "$mount" | cut -c3-)")
  printf '%s\n' "$where" >> "$aside/dead"
  say mount.silent "$(cat "$aside/kind.$(printf '%s' "$mount" | cut -c3-)") $where"
done
`;
