import { envSample } from './env-samples.ts';
import type { OwnRootMachine } from './own-root-machine.ts';

/** Makes machines with root folders of their own into what stands in a workshop. */

interface VpsExtras {
  /** More keys of the .env, or other values. */
  env?: Readonly<Record<string, string>>;
  /** The password of `dev`, whom no key lets in then. */
  login?: string;
  /** The address in the tailnet, with Redis; only the VPS itself has a way to it. Default: the one it is logged in at. */
  tailnet?: string;
}

/**
 * The VPS: user `dev` with the platform's folder, its data folders and .env, and Redis on the tailnet address only, as the platform's
 * compose file publishes it.
 */
export async function becomeVps(
  machine: OwnRootMachine,
  password: string,
  { env: more = {}, login, tailnet = machine.address }: VpsExtras = {},
): Promise<void> {
  const sample = envSample('vps-comfyume-v1')
    .replace('changeme_secure_password', password)
    .replace(/^REDIS_BIND_IP=.*$/m, `REDIS_BIND_IP=${tailnet}`);
  const kept = sample.split('\n').filter((line) => !Object.hasOwn(more, line.split('=')[0] ?? ''));
  const env = [...kept, ...Object.entries(more).map(([key, value]) => `${key}=${value}`), ''].join('\n');
  await machine.run(
    String.raw`
# Without a password, yet not locked: sshd lets nobody in whose account is.
useradd -m -p '*' -s /bin/bash dev
mkdir -p /home/dev/comfyume-v1/data/outputs /home/dev/comfyume-v1/data/inputs /var/lib/vps-redis
if [ -n "$4" ]; then printf 'dev:%s\n' "$4" | chpasswd -c SHA512; else cp -r /root/.ssh /home/dev/.ssh; fi
printf '%s' "$1" > /home/dev/comfyume-v1/.env
chmod 600 /home/dev/comfyume-v1/.env
chown -R dev: /home/dev
if [ "$2" != "$5" ]; then
  ip addr add "$2/32" dev lo
  printf '%s\n' '#!/bin/sh' '[ "$1 $2" = "ip -4" ] || exit 1' "echo $2" > /usr/local/bin/tailscale
  chmod +x /usr/local/bin/tailscale
fi
printf '%s\n' "bind $2" 'port 6379' "requirepass $3" 'dir /var/lib/vps-redis' 'appendonly yes' 'save ""' 'daemonize yes' > /etc/vps-redis.conf
redis-server /etc/vps-redis.conf >/dev/null
until redis-cli -h "$2" ping 2>&1 | grep -q NOAUTH; do sleep 0.02; done
`,
    ...[env, tailnet, password, login ?? '', machine.address],
  );
}

/**
 * The GPU host as a GPU provider's pod: a container that one logs in to as root, with Node, a card, the tailnet, and
 * ComfyUI unpacked in /root. Card and ComfyUI are the project's doubles.
 */
export async function becomeGpuHost(machine: OwnRootMachine): Promise<void> {
  await machine.run(
    String.raw`
touch /.dockerenv
mkdir -p /var/lib/cards/gpu0 /root/ComfyUI/venv/bin /root/ComfyUI/models/checkpoints /root/ComfyUI/output /root/ComfyUI/user /root/ComfyUI/comfy
printf '%s\n' '#!/bin/sh' '[ "$1 $2" = "ip -4" ] || exit 1' "echo $1" > /usr/local/bin/tailscale
printf '%s\n' '#!/bin/sh' 'WORKSHOP_CARDS_DIR=/var/lib/cards exec node --no-warnings /opt/project/resources/demo/nvidia-smi-double/main.ts "$@"' > /usr/local/bin/nvidia-smi
echo weights > /root/ComfyUI/models/checkpoints/model.safetensors
: > /root/ComfyUI/main.py
for option in listen port output-directory temp-directory user-directory database-url extra-model-paths-config; do
  printf 'parser.add_argument("--%s", type=str)\n' "$option"
done > /root/ComfyUI/comfy/cli_args.py
cat > /root/ComfyUI/venv/bin/python <<'END'
#!/bin/sh
# Called as: python /root/ComfyUI/main.py OPTIONS. Strict where ComfyUI is: folders that are not there, a used database.
shift
host=127.0.0.1 port=8188 output=/root/ComfyUI/output temp=/tmp database=/root/ComfyUI/user/comfyui.db
while [ $# -gt 0 ]; do
  case $1 in
    --listen) host=$2 ;;
    --port) port=$2 ;;
    --output-directory) output=$2 ;;
    --temp-directory) temp=$2 ;;
    --user-directory) [ -d "$2" ] || { echo "main.py: error: argument --user-directory: $2 is no directory" >&2; exit 2; } ;;
    --extra-model-paths-config) grep -q base_path "$2" || exit 2 ;;
    --database-url) database=$(printf '%s' "$2" | cut -c11-) ;;
    *) echo "main.py: error: unrecognized arguments: $1" >&2; exit 2 ;;
  esac
  shift 2
done
exec 9>>"$database" || exit 1
flock -n 9 || { echo 'sqlite3.OperationalError: database is locked' >&2; exit 1; }
exec node --no-warnings /opt/project/resources/demo/comfy-double/main.ts --host "$host" --port "$port" --speed 2 --output-directory "$output" --temp-directory "$temp" --vram-file "/var/lib/cards/gpu0/$port.json"
END
chmod +x /usr/local/bin/tailscale /usr/local/bin/nvidia-smi /root/ComfyUI/venv/bin/python
`,
    machine.address,
  );
}

/**
 * Tailscale is there and logged out: `up` prints this link and waits until `/run/tailscale-in` is there, or gives up as
 * the real one does once `/run/tailscale-late` is. While `/run/tailscale-down` is there its service does not run; while
 * `/run/tailscale-ends` is, with the address of the VPS, its key ends soon, until a login by force, which waits for `/run/tailscale-anew`.
 */
export async function loggedOutOfTailnet(machine: OwnRootMachine, link: string): Promise<void> {
  await machine.run(
    String.raw`
cat > /usr/local/bin/tailscale <<'END'
#!/bin/sh
if [ -e /run/tailscale-down ]; then
  echo "failed to connect to local tailscaled; it doesn't appear to be running" >&2
  exit 1
fi
case "$1 $2" in
  "ip -4") [ -e /run/tailscale-in ] && echo ADDRESS || { echo 'no current Tailscale IPs; state: NeedsLogin' >&2; exit 1; } ;;
  "status --json")
    if [ -e /run/tailscale-ends ]; then
      printf '{"BackendState":"Running","Self":{"HostName":"gpu","KeyExpiry":"%s"},"Peer":{"1":{"HostName":"vps","Online":true,"TailscaleIPs":["%s"]}}}\n' "$(date -u -d '+20 hours' +%Y-%m-%dT%H:%M:%SZ)" "$(cat /run/tailscale-ends)"
      exit 0
    fi
    [ -e /run/tailscale-in ] && echo '{"BackendState":"Running"}' || echo '{"BackendState":"NeedsLogin"}' ;;
  up\ *)
    printf '
To authenticate, visit:

	%s

' LINK >&2
    while :; do
      case "$2" in
        --force-reauth)
          if [ -e /run/tailscale-anew ]; then rm -f /run/tailscale-ends; echo Success. >&2; exit 0; fi
          sleep 0.05
          continue ;;
      esac
      if [ -e /run/tailscale-in ]; then echo Success. >&2; exit 0; fi
      if [ -e /run/tailscale-late ]; then echo 'timeout waiting for Tailscale service to enter a Running state; check health with "tailscale status"' >&2; exit 1; fi
      sleep 0.05
    done ;;
esac
END
sed -i "s#ADDRESS#$1#; s#LINK#$2#" /usr/local/bin/tailscale
`,
    ...[machine.address, link],
  );
}

/**
 * The VPS's Redis is what compose makes of the .env, and listens on the VPS alone; `dev` becomes root with a password
 * only. Docker is a double that knows this one service; the Redis that it starts is real.
 */
export async function composeRedisOnLoopback(machine: OwnRootMachine, sudoPassword: string): Promise<void> {
  await machine.run(
    `
usermod -aG sudo dev
printf 'dev:%s\\n' "$1" | chpasswd -c SHA512
cd /home/dev/comfyume-v1
sed -i 's/^REDIS_BIND_IP=.*/REDIS_BIND_IP=127.0.0.1/' .env
touch docker-compose.yml
cat > /usr/local/bin/docker <<'END'
#!/bin/sh
[ "$(id -u)" = 0 ] || { echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1; }
echo "$*" >> /run/docker.calls
case "$*" in
  "compose up -d --no-deps queue-manager") sed -n 's/^QUEUE_MANAGER_LOG_LEVEL=//p' .env > /run/queue-manager ;;
  "compose ps -q admin" | "compose ps -q redis") echo up0123456789 ;;
  "inspect "*" up0123456789") echo 'running 0 2026-11-28T09:00:00Z ' ;;
  "compose ps -q queue-manager") [ ! -s /run/queue-manager ] || echo 0123456789ab ;;
  # It does not start unless its level is in capitals (contract 4.3).
  "inspect "*) if grep -q '^[A-Z]*$' /run/queue-manager; then echo 'running 0 2026-11-28T09:00:00Z healthy'; else echo 'restarting 7 2026-11-28T09:00:00Z unhealthy'; fi ;;
esac
[ "$*" = "compose up -d --no-deps redis" ] || exit 0
bind=$(sed -n 's/^REDIS_BIND_IP=//p' .env)
sed -i "s/^bind .*/bind $bind/" /etc/vps-redis.conf
kill "$(pidof redis-server)"; while pidof redis-server >/dev/null; do sleep 0.02; done
redis-server /etc/vps-redis.conf >/dev/null
END
chmod +x /usr/local/bin/docker
docker compose up -d --no-deps redis
: > /run/docker.calls
`,
    sudoPassword,
  );
}

/** The platform's own worker runs in a container of the GPU host, beside one of ours and a plain ComfyUI; Docker is a double. */
export async function platformWorkerRuns(machine: OwnRootMachine): Promise<void> {
  await machine.run(`
mkdir -p /run/containers
touch /run/containers/comfy-worker-1
cat > /usr/local/bin/docker <<'END'
#!/bin/sh
[ ! -e /run/docker-down ] || { echo 'Cannot connect to the Docker daemon' >&2; exit 1; }
echo "$*" >> /run/docker.calls
case "$1" in
  ps) case "$*" in *--format*)
      [ ! -e /run/containers/comfy-worker-1 ] || echo 'comfy-worker-1||"/bin/bash /workspace/start-worker.sh"'
      echo 'workshop-worker-1|worker-1|"python worker.py"'
      echo 'comfy-worker-2||"python main.py"' ;; esac ;;
  stop) rm -f "/run/containers/$2" ;;
  version) echo 27.0 ;;
  top) echo '1 python main.py' ;;
esac
exit 0
END
cat > /usr/local/bin/service <<'END'
#!/bin/sh
case "$*" in
  'docker start') rm -f /run/docker-down ;;
  'tailscaled start') rm -f /run/tailscale-down ;;
  *) exit 1 ;;
esac
END
chmod +x /usr/local/bin/docker /usr/local/bin/service
`);
}

/**
 * The machine's clock is a minute ahead, and nothing sets it; timedatectl is a double, and once it was told to keep the
 * clock, the minute is gone.
 */
export async function clockIsAhead(machine: OwnRootMachine): Promise<void> {
  await machine.run(String.raw`
cat > /usr/local/bin/date <<'END'
#!/bin/sh
[ ! -e /run/ntp ] || exec /usr/bin/date "$@"
exec /usr/bin/date -d '+60 seconds' "$@"
END
cat > /usr/local/bin/timedatectl <<'END'
#!/bin/sh
state=no; [ ! -e /run/ntp ] || state=yes
case "$*" in
  'show -p CanNTP -p NTP') printf 'CanNTP=yes\nNTP=%s\n' "$state" ;;
  'show -p NTP --value' | 'show -p NTPSynchronized --value') echo "$state" ;;
  'set-ntp true') [ "$(id -u)" = 0 ] && touch /run/ntp ;;
  *) exit 1 ;;
esac
END
chmod +x /usr/local/bin/date /usr/local/bin/timedatectl
`);
}

/** An agent's journal that only root and the group systemd-journal may read; journalctl is a double. */
export async function journalIsClosed(machine: OwnRootMachine, line: string): Promise<void> {
  await machine.run(
    String.raw`
getent group systemd-journal >/dev/null || groupadd systemd-journal
mkdir -p /run/systemd/system /etc/systemd/system
printf '[Service]\nExecStart=/opt/node /opt/worker-agent.mjs run\n' > /etc/systemd/system/worker-agent.service
cat > /usr/local/bin/journalctl <<'END'
#!/bin/sh
if id -nG | grep -qwE 'root|systemd-journal'; then
  printf '{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1795860000000000","MESSAGE":"LINE","PRIORITY":"6"}\n'
  exec sleep 3600
fi
echo "Hint: You are currently not seeing messages from other users and the system." >&2
echo "      Users in groups 'adm', 'systemd-journal' can see all messages." >&2
echo 'No journal files were opened due to insufficient permissions.' >&2
exit 1
END
sed -i "s/LINE/$1/" /usr/local/bin/journalctl
chmod +x /usr/local/bin/journalctl
`,
    line,
  );
}

/** Something that is not ours listens on a port of the machine. @returns what ends it. */
export async function occupyPort(machine: OwnRootMachine, port: number): Promise<() => Promise<unknown>> {
  const pid = await machine.run(
    `node -e 'require("net").createServer().listen(process.argv[1], "127.0.0.1")' "$1" >/dev/null 2>&1 </dev/null &
echo $!
until ss -Hltn | grep -q ":$1 "; do sleep 0.02; done`,
    String(port),
  );
  return () => machine.run('kill "$1"', pid.trim());
}
