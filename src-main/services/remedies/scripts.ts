/** Constant POSIX shell that mends something; values travel as arguments. Each may be run twice. */

/** What a remedy needs to know of a machine. Argument: port of Redis. Prints `key=value` lines; changes nothing. */
export const LOOK_FOR_REMEDY = String.raw`
LC_ALL=C; export LC_ALL
say() { printf '%s=%s\n' "$1" "$2"; }
have() { command -v "$1" >/dev/null 2>&1; }
say user "$(id -un)"
if [ "$(id -u)" = 0 ]; then say sudo root
elif ! have sudo; then say sudo none
elif sudo -n true 2>/dev/null; then say sudo free
elif sudo -n true 2>&1 | grep -qi 'password'; then say sudo password
else say sudo none
fi
have docker || exit 0
say docker yes
docker ps >/dev/null 2>&1 && say docker.able yes
# The platform's own workers: by what they were started with, or by name and what runs in them.
docker ps --no-trunc --format '{{.Names}}|{{.Label "workshop-console.worker"}}|{{.Command}}' 2>/dev/null | while IFS='|' read -r name ours command; do
  [ -z "$ours" ] || continue
  case $command in *start-worker.sh*|*worker.py*) say platform.worker "$name"; continue ;; esac
  case $name in comfy-worker-[0-9]*|comfyume-worker-[0-9]*) ;; *) continue ;; esac
  if docker top "$name" -eo pid,args </dev/null 2>/dev/null | grep -qE '(start-worker\.sh|worker\.py)( |$)'; then say platform.worker "$name"; fi
done
exit 0
`;

export const START_DOCKER = `
systemctl enable --now docker || service docker start
tries=0
until docker version >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || exit 21
  sleep 0.5
done
`;

/** Arguments: names of containers. */
export const STOP_CONTAINERS = `
set -e
for name in "$@"; do
  docker update --restart=no "$name"
  docker stop "$name"
done
`;

export const START_TAILSCALE = 'systemctl enable --now tailscaled || service tailscaled start\n';

/** Argument: seconds that a person has. */
export const JOIN_TAILNET = 'exec tailscale up --timeout="$1"s </dev/null\n';
export const RENEW_KEY = 'exec tailscale up --force-reauth --timeout="$1"s </dev/null\n';

/** Argument: the user who logs in. */
export const READ_JOURNAL = 'usermod -aG systemd-journal "$1"\n';

/**
 * Sets REDIS_BIND_IP in the platform's .env, whatever else stands there staying as it is, and makes only Redis anew.
 * Arguments: the file, the address, the port. Exit codes: 21 no compose file beside it, 22 compose failed and the file
 * is as it was, 23 Redis was made anew and does not listen there. What compose prints may quote the file, so none of it
 * leaves the machine.
 */
export const OPEN_REDIS = String.raw`
set -e
LC_ALL=C; export LC_ALL
file=$1 address=$2 port=$3
umask 077
cd "$(dirname "$file")"
compose() { if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi; }
found=
for name in compose.yaml compose.yml docker-compose.yaml docker-compose.yml; do [ ! -f "$name" ] || found=yes; done
[ -n "$found" ] || exit 21
backup=$file.$(date +%Y-%m-%dT%H-%M-%S).bak
cp -p "$file" "$backup"
next=$file.new.$$
# With owner and mode of the one that stands there.
cp -p "$file" "$next"
awk -v line="REDIS_BIND_IP=$address" '
  /^[ \t]*(export[ \t]+)?REDIS_BIND_IP[ \t]*=/ { if (!done) print line; done = 1; next }
  { print }
  END { if (!done) print line }
' "$file" > "$next"
mv -f "$next" "$file"
if ! compose up -d --no-deps redis >/dev/null 2>&1; then
  cp -p "$backup" "$next"
  mv -f "$next" "$file"
  compose up -d --no-deps redis >/dev/null 2>&1 || :
  exit 22
fi
printf '%s\n' "$backup"
command -v ss >/dev/null 2>&1 || exit 0
tries=0
until ss -Hltn | awk '{ print $4 }' | grep -qxF -e "$address:$port" -e "0.0.0.0:$port" -e "*:$port"; do
  tries=$((tries + 1))
  [ "$tries" -lt 40 ] || exit 23
  sleep 0.25
done
`;
