/**
 * Constant POSIX shell that edits the platform's .env and makes anew what reads it; values travel as arguments. What
 * compose prints may quote the file, so none of it leaves the machine. Each may be run twice.
 */

const COMPOSE = `
compose() { if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi; }
composed() {
  for name in compose.yaml compose.yml docker-compose.yaml docker-compose.yml; do [ ! -f "$name" ] || return 0; done
  return 1
}
`;

/**
 * Puts a text in the place of the .env, with owner and mode of the one that stands there, and makes only the named
 * services anew. Arguments: the file, a draft of the text, SHA-256 of what must stand there now, services. Prints where
 * the old one went. Exit codes: 20 something else stands there, 21 no compose file beside it, 22 compose failed and the
 * file is as it was, 23 a service does not stay up.
 */
export const EDIT_ENV = String.raw`
set -e
LC_ALL=C; export LC_ALL
file=$1 draft=$2 digest=$3
shift 3
umask 077
cd "$(dirname "$file")"
if [ -L "$file" ]; then file=$(readlink -f -- "$file"); fi
${COMPOSE}
stands() { sha256sum < "$file" | grep -q "^$digest "; }
stands || exit 20
[ $# -eq 0 ] || composed || exit 21
backup=$file.$(date +%Y-%m-%dT%H-%M-%S).bak
cp -p "$file" "$backup"
next=$file.new.$$
trap 'rm -f "$next"' EXIT
cp -p "$file" "$next"
cat "$draft" > "$next"
sync "$next" 2>/dev/null || :
stands || exit 20
mv -f "$next" "$file"
printf '%s\n' "$backup"
[ $# -gt 0 ] || exit 0
if ! compose up -d --no-deps "$@" >/dev/null 2>&1; then
  cp -p "$backup" "$next"
  mv -f "$next" "$file"
  compose up -d --no-deps "$@" >/dev/null 2>&1 || :
  exit 22
fi
# Up is who runs, is not called unhealthy, and has not started anew since it was looked at first.
for service; do
  tries=0 calm=0 starts=
  while [ "$calm" -lt 4 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || exit 23
    one=$(compose ps -q "$service" 2>/dev/null | head -n 1)
    state=$(docker inspect --format '{{.State.Status}} {{.RestartCount}} {{.State.StartedAt}} {{if .State.Health}}{{.State.Health.Status}}{{end}}' "$one" 2>/dev/null) || state=
    case $state in
      'running '*' unhealthy' | 'running '*' starting') calm=0 ;;
      'running '*) if [ "$state" = "$starts" ]; then calm=$((calm + 1)); else calm=0; fi ;;
      *) calm=0 ;;
    esac
    starts=$state
    sleep 0.5
  done
done
`;

/** Waits until a port is open at an address. Arguments: both. Exit code 24: it is not; where nobody can tell, it ends well. */
export const WAIT_FOR_PORT = `
address=$1 port=$2
command -v ss >/dev/null 2>&1 || exit 0
tries=0
until ss -Hltn | awk '{ print $4 }' | grep -qxF -e "$address:$port" -e "0.0.0.0:$port" -e "*:$port"; do
  tries=$((tries + 1))
  [ "$tries" -lt 40 ] || exit 24
  sleep 0.25
done
`;
