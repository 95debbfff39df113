import { LEFT_RUNNING } from './work-scripts.ts';

/**
 * What is done on a machine, as constant POSIX shell: values travel as arguments, never as text. Each may be run
 * twice, since a link may break after it worked and before we heard so.
 */

/**
 * Takes or renews the lock. Arguments: root, holder's id, who, seconds after which another's lock is dead, id of a holder
 * that is gone or nothing, `look` to look whether an earlier run left something running. Exit codes: 75 another holds it,
 * prints `age|id|who`; 76 it is ours, and something still runs, prints what (work-scripts.ts).
 */
export const LOCK = String.raw`
set -e
root=$1 id=$2 who=$3 dead=$4 gone=$5 look=$6
${LEFT_RUNNING}
mkdir -p "$root"
now=$(date +%s)
held=$(readlink "$root/deploy.lock" || :)
holder=$(printf '%s' "$held" | cut -d'|' -f1)
if [ -n "$held" ] && [ "$holder" != "$id" ] && [ "$holder" != "$gone" ]; then
  age=$((now - $(printf '%s' "$held" | cut -d'|' -f2)))
  if [ "$age" -lt "$dead" ]; then printf '%s|%s|%s\n' "$age" "$holder" "$(printf '%s' "$held" | cut -d'|' -f3-)"; exit 75; fi
fi
if [ -z "$held" ]; then
  # Fails when another console was faster.
  ln -s "$id|$now|$who" "$root/deploy.lock" 2>/dev/null || :
else
  ln -s "$id|$now|$who" "$root/.lock.$$"
  mv -fT "$root/.lock.$$" "$root/deploy.lock"
fi
held=$(readlink "$root/deploy.lock")
if [ "$(printf '%s' "$held" | cut -d'|' -f1)" != "$id" ]; then
  printf '0|%s|%s\n' "$(printf '%s' "$held" | cut -d'|' -f1)" "$(printf '%s' "$held" | cut -d'|' -f3-)"
  exit 75
fi
[ "$look" = look ] || exit 0
left=$(left_running)
[ -z "$left" ] || { printf '%s\n' "$left"; exit 76; }
`;

/** Gives the lock free if it is ours. Arguments: root, console id. */
export const UNLOCK = `
if [ "$(readlink "$1/deploy.lock" | cut -d'|' -f1)" = "$2" ]; then rm -f "$1/deploy.lock"; fi
`;

const POINT = `point() { ln -s "$2" "$root/.$1.$$"; mv -fT "$root/.$1.$$" "$root/$1"; }`;

/** Points `node` at a Node that is there. Arguments: root, path. */
export const USE_NODE = `
set -e
root=$1
${POINT}
point node "$2"
`;

/**
 * Fetches the official Node, checks it, unpacks it into the install folder. Arguments: root, address of the version's
 * folder, name of the archive. Exit codes: 11 not fetched, 12 wrong checksum.
 */
export const BRING_NODE = String.raw`
set -e
root=$1 from=$2 name=$3
${POINT}
mkdir -p "$root"
work=$root/.fetch.$$
mkdir "$work"
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() { if command -v curl >/dev/null 2>&1; then curl -fsSL -o "$1" "$2"; else wget -q -O "$1" "$2"; fi; }
echo "Fetching $from/$name.tar.gz"
fetch SHASUMS256.txt "$from/SHASUMS256.txt" || exit 11
fetch "$name.tar.gz" "$from/$name.tar.gz" || exit 11
grep " $name.tar.gz\$" SHASUMS256.txt | sha256sum -c - || exit 12
tar -xzf "$name.tar.gz"
rm -rf "$root/$name"
mv "$name" "$root/$name"
point node "$root/$name/bin/node"
"$root/node" --version
`;

/** Takes an uploaded bundle in if its checksum is right. Arguments: root, release, SHA-256. Exit code 12: it is not. */
export const TAKE_RELEASE = String.raw`
set -e
cd "$1/releases/$2"
printf '%s  %s\n' "$3" worker-agent.mjs.part | sha256sum -c - >/dev/null 2>&1 || { rm -f worker-agent.mjs.part; exit 12; }
mv -f worker-agent.mjs.part worker-agent.mjs
`;

/** Makes folders for a user's eyes only. Arguments: folders. */
export const PRIVATE_FOLDERS = `
set -e
umask 077
for folder in "$@"; do mkdir -p "$folder"; done
`;

/** Switches to a release and, if given, a configuration. Arguments: root, release, config or nothing. */
export const SWITCH = `
set -e
root=$1 release=$2 config=$3
${POINT}
old=$(readlink "$root/current" || :)
if [ "$old" != "releases/$release" ]; then
  if [ -n "$old" ]; then point previous "$old"; fi
  point current "releases/$release"
fi
if [ -n "$config" ]; then point agent.env "$config"; fi
`;

/** Keeps the agent running where there is no systemd; stands as daemon.sh in the install folder. */
export const DAEMON = `#!/bin/sh
# Starts the worker-agent again whenever it ends. TERM: stops it in good order and ends.
root=$(cd "$(dirname "$0")" && pwd)
echo $$ > "$root/daemon.pid"
export LOG_FILE="$root/agent.log"
stop=
agent=
trap 'stop=1; [ -z "$agent" ] || kill -TERM "$agent" 2>/dev/null' TERM
while [ -z "$stop" ]; do
  "$root/node" --max-semi-space-size=2 "$root/current/worker-agent.mjs" run --env-file "$root/agent.env" > "$root/daemon.log" 2>&1 < /dev/null &
  agent=$!
  while kill -0 "$agent" 2>/dev/null; do wait "$agent"; done
  [ -n "$stop" ] || sleep 1
done
rm -f "$root/daemon.pid"
`;

const DAEMON_ALIVE = String.raw`
daemon=$(cat "$root/daemon.pid" 2>/dev/null || :)
daemon_alive() { [ -n "$daemon" ] && tr '\0' ' ' < "/proc/$daemon/cmdline" 2>/dev/null | grep -qF "$root/daemon.sh"; }
`;

/**
 * Starts the agent, or lets a running one hand over. Arguments: root, by whom it is kept running (system, user,
 * daemon), process id of the running agent or nothing.
 */
export const START = `
set -e
root=$1 keeper=$2 pid=$3
${DAEMON_ALIVE}
control() { if [ "$keeper" = user ]; then systemctl --user "$@"; else systemctl "$@"; fi; }
if [ "$keeper" = daemon ]; then
  if daemon_alive; then
    [ -z "$pid" ] || kill -USR2 "$pid" 2>/dev/null || :
  else
    [ -z "$pid" ] || kill -USR2 "$pid" 2>/dev/null || :
    if command -v setsid >/dev/null 2>&1; then setsid sh "$root/daemon.sh" >/dev/null 2>&1 </dev/null &
    else nohup sh "$root/daemon.sh" >/dev/null 2>&1 </dev/null &
    fi
  fi
else
  # One that an earlier life without systemd kept running.
  if daemon_alive; then kill -KILL "$daemon"; rm -f "$root/daemon.pid" "$root/daemon.sh"; fi
  [ -z "$pid" ] || kill -USR2 "$pid" 2>/dev/null || :
  control reset-failed worker-agent 2>/dev/null || :
  control start worker-agent
fi
`;

/** Tells the agent to stop in good order and does not wait. Arguments: root, keeper, process id. */
export const STOP = `
root=$1 keeper=$2 pid=$3
${DAEMON_ALIVE}
case $keeper in
  system) systemctl stop --no-block worker-agent ;;
  user) systemctl --user stop --no-block worker-agent ;;
  *) if daemon_alive; then kill -TERM "$daemon"; else [ -z "$pid" ] || kill -TERM "$pid"; fi ;;
esac
exit 0
`;

/** Prints the process id of the running agent, or an empty line. Argument: root. */
export const ALIVE = String.raw`
root=$1
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$root/state/agent.lock" 2>/dev/null; }
pid=$(field pid)
if [ -n "$pid" ] && [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$(field startTicks)" ]; then echo "$pid"; else echo; fi
`;

/** Prints the last lines of what the agent, or systemd about it, said. Arguments: root, keeper. */
export const LAST_WORDS = `
case $2 in
  system) journalctl -u worker-agent -n 5 -o cat --no-pager 2>/dev/null ;;
  user) journalctl --user -u worker-agent -n 5 -o cat --no-pager 2>/dev/null ;;
  *) tail -n 5 "$1/daemon.log" 2>/dev/null ;;
esac
exit 0
`;

/** Removes the service. Argument: keeper. */
export const REMOVE_UNIT = `
set -e
if [ "$1" = user ]; then
  systemctl --user disable --now worker-agent || :
  rm -f "$HOME/.config/systemd/user/worker-agent.service"
  systemctl --user daemon-reload
else
  systemctl disable --now worker-agent || :
  rm -f /etc/systemd/system/worker-agent.service
  systemctl daemon-reload
fi
`;

/** Removes all that is ours but state and models. Argument: root. */
export const REMOVE = String.raw`
set -e
root=$1
[ -d "$root" ] || exit 0
# Containers of the workers hold the card; their files are in the state folder and stay.
if [ -f "$root/state/compose/compose.yaml" ] && command -v docker >/dev/null 2>&1; then
  sed -n 's/^ *container_name: *//p' "$root/state/compose/compose.yaml" | tr -d "\"'" | while IFS= read -r name; do docker rm -f "$name" >/dev/null 2>&1 || :; done
fi
cd "$root"
rm -rf releases current previous config keys agent.env workshop.env image node node-v* worker-agent.service daemon.sh daemon.pid daemon.log agent.log agent.log.*
`;
