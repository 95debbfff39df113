/**
 * Looks for the logs of agents and workers on a machine and changes nothing. Arguments: folders where an agent may be
 * installed (`~` is the home of the user who logs in). Prints a fact a line, parts set apart by tabs, which
 * domain/logs/find-sources.ts reads. POSIX sh.
 */
export const LOOK_FOR_LOGS = String.raw`
tab=$(printf '\t')
say() { fact=$1; shift; for part; do fact=$fact$tab$part; done; printf '%s\n' "$fact"; }
of_env() { sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$2=//p" "$1" 2>/dev/null | tail -n 1 | sed "s/^['\"]//; s/['\"][[:space:]]*$//; s/[[:space:]]*$//"; }
states=
state() { case "$states" in *"|$1|"*) ;; *) states="$states|$1|"; workers "$1" ;; esac; }
workers() {
  for log in "$1"/logs/*.log; do
    [ -f "$log" ] || continue
    name=$(basename "$log" .log)
    say worker-file "$name" "$log"
  done
}
env_file() {
  [ -f "$1" ] || return 0
  say env "$1"
  log=$(of_env "$1" LOG_FILE); case $log in /*) say agent-file "$log" ;; esac
  dir=$(of_env "$1" AGENT_STATE_DIR); case $dir in /*) state "$dir" ;; esac
  socket=$(of_env "$1" DOCKER_HOST); case $socket in unix:///*) docker_of "$socket" ;; esac
}
dockers=
# Containers of the Docker behind this socket; an empty one is the usual.
docker_of() {
  case "$dockers" in *"|$1|"*) return 0 ;; esac
  dockers="$dockers|$1|"
  command -v docker >/dev/null 2>&1 || return 0
  at=$1
  if [ -n "$1" ]; then set -- --host "$1"; else set --; fi
  docker "$@" ps --all --filter label=workshop-console.worker --format '{{.Label "workshop-console.worker"}}|{{.Names}}|{{.State}}|{{.ID}}' 2>/dev/null |
    while IFS='|' read -r worker container state id; do say container "$worker" "$container" "$state" "$id" $at; done
}

# The unit first: where it writes into the journal, that is the agent's log.
unit=/etc/systemd/system/worker-agent.service
own=$HOME/.config/systemd/user/worker-agent.service
if [ -d /run/systemd/system ] && command -v journalctl >/dev/null 2>&1; then
  [ ! -f "$unit" ] || say journal system
  [ ! -f "$own" ] || say journal user
fi
for file in "$unit" "$own"; do
  [ -f "$file" ] || continue
  env_file "$(sed -n 's/^ExecStart=.*--env-file \([^ ]*\).*/\1/p' "$file" | head -n 1)"
done
for root; do
  case $root in "~/"*) root=$HOME/$(printf '%s' "$root" | cut -c3-) ;; esac
  env_file "$root/agent.env"
  [ ! -f "$root/agent.log" ] || say agent-file "$root/agent.log"
  state "$root/state"
  state "$root"
done
# Agents that somebody started by hand: their configuration, and the file that their output goes to.
for cmdline in $(grep -alz -e 'worker-agent\.mjs$' -e 'worker-agent/src/cli\.ts$' /proc/[0-9]*/cmdline 2>/dev/null); do
  process=$(dirname "$cmdline")
  tr '\0' '\n' < "$cmdline" 2>/dev/null | grep -qx run || continue
  out=$(readlink "$process/fd/1" 2>/dev/null)
  case $out in /dev/*) ;; /*) [ ! -f "$out" ] || [ "$(basename "$out")" = daemon.log ] || say agent-file "$out" ;; esac
  env_file "$(tr '\0' '\n' < "$cmdline" | grep -A 1 -x -e --env-file | tail -n 1)"
  dir=$(tr '\0' '\n' < "$process/environ" 2>/dev/null | sed -n 's/^AGENT_STATE_DIR=//p'); case $dir in /*) state "$dir" ;; esac
done
docker_of ''
exit 0
`;
