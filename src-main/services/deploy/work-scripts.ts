/**
 * A piece of work that runs on a machine: constant POSIX shell, as in scripts.ts. While it runs, `deploy.work` in the
 * install folder names it: id, session, start of that session's first process in ticks, begin in epoch seconds, title.
 * All that it starts is in its session, also what is root's, and /proc shows it; so its end can be proven.
 */

/**
 * `members`: process ids that are left of the session `sid`, whose first process began at `ticks`, and below them: a sudo
 * that gives its program a terminal gives it a session as well.
 */
const MEMBERS = String.raw`
members() {
  cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^\([0-9]*\) (.*) /\1 /' |
    awk -v sid="$sid" -v ticks="$ticks" '
      $1 == sid && $21 != ticks { other = 1 }
      $2 != "Z" && $2 != "X" { parent[$1] = $3; if ($5 == sid) ours[$1] = 1 }
      END {
        if (other) exit
        do { more = 0; for (pid in parent) if (!(pid in ours) && (parent[pid] in ours)) { ours[pid] = 1; more = 1 } } while (more)
        for (pid in ours) left = left " " pid
        print left
      }'
}
part() { printf '%s' "$held" | cut -d'|' -f"$1"; }
`;

/** Runs a program as a piece of work; its standard input is that program's. Arguments: root, id, title, program … */
export const WORK = `
root=$1 work=$2 title=$3
shift 3
[ -d "$root" ] || exec "$@"
sid=$(sed 's/.*) //' "/proc/$$/stat" | cut -d' ' -f4)
ticks=$(sed 's/.*) //' "/proc/$sid/stat" 2>/dev/null | cut -d' ' -f20)
mine="$work|$sid|$ticks|$(date +%s)|$title"
ln -s "$mine" "$root/.work.$$" && mv -fT "$root/.work.$$" "$root/deploy.work" || exit 73
"$@"
code=$?
[ "$(readlink "$root/deploy.work")" != "$mine" ] || rm -f "$root/deploy.work"
# As it ended, so this ends.
[ "$code" -le 128 ] || kill -"$((code - 128))" $$ 2>/dev/null
exit "$code"
`;

/**
 * Ends a piece of work and all that it started, and waits for that. Arguments: root, id, seconds between being asked
 * and being made to. Exit codes: 0 nothing of it runs, 3 no such work stands there, 4 some still run: prints which.
 */
export const END_WORK = `
root=$1 work=$2 grace=$3
${MEMBERS}
held=$(readlink "$root/deploy.work" || :)
[ "$(part 1)" = "$work" ] && [ -n "$work" ] || exit 3
sid=$(part 2) ticks=$(part 3)
gone_by() {
  while left=$(members) && [ -n "$left" ]; do
    [ "$(date +%s)" -lt "$1" ] || return 1
    sleep 0.1 2>/dev/null || sleep 1
  done
}
left=$(members)
[ -z "$left" ] || kill -TERM $left 2>/dev/null
if ! gone_by "$(($(date +%s) + grace))"; then
  kill -KILL $left 2>/dev/null
  gone_by "$(($(date +%s) + 5))" || { for pid in $left; do echo "$(cat "/proc/$pid/comm") (process $pid)"; done | head -n 5; exit 4; }
fi
[ "$(readlink "$root/deploy.work")" != "$held" ] || rm -f "$root/deploy.work"
exit 0
`;

/**
 * For whoever holds the lock: prints `seconds|id|title|process ids` of work that an earlier run left running, or
 * nothing. Part of the lock's script; needs `root` and `now`.
 */
export const LEFT_RUNNING = String.raw`
${MEMBERS}
left_running() {
  held=$(readlink "$root/deploy.work" || :)
  [ -n "$held" ] || return 0
  sid=$(part 2) ticks=$(part 3)
  left=$(members)
  if [ -n "$left" ]; then printf '%s|%s|%s|%s\n' "$((now - $(part 4)))" "$(part 1)" "$(part 5-)" "$left"; else rm -f "$root/deploy.work"; fi
}
`;
