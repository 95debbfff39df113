import { FIND_ROOT } from '../agent-root.ts';
import { ASIDE, SILENT_MOUNTS } from './aside-script.ts';

/**
 * Looks over a machine and changes nothing. Arguments: the install folder, the folder with models or nothing. Prints `key=value` lines, which
 * domain/deploy/findings.ts reads. POSIX sh; every probe may fail without ending the look.
 */
export const LOOK = String.raw`
# What programs say is read in English.
LC_ALL=C; export LC_ALL
root=$1
say() { printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n\r\t' '   ' | cut -c1-600)"; }
clock() { say "$1" "$(date +%s.%N | sed 's/N$/0/')"; }
${ASIDE}
# A program that hangs must not hang the look; folders are asked for by within.
brief() { if have timeout; then timeout -s KILL 15 "$@"; else "$@"; fi; }

clock clock
if [ -r /etc/os-release ]; then
  say os.id "$(. /etc/os-release; printf '%s' "$ID")"
  say os.version "$(. /etc/os-release; printf '%s' "$VERSION_ID")"
  say os.name "$(. /etc/os-release; printf '%s' "$PRETTY_NAME")"
else
  say os.id "$(uname -s)"; say os.name "$(uname -s)"
fi
say kernel "$(uname -s)"
say arch "$(uname -m)"
say user "$(id -un)"
say hostname "$(uname -n)"
${SILENT_MOUNTS}
# Without the agent's own folder there is nothing more to be seen, and to ask for it would be to hang.
stop_here() {
  say root "$root"
  clock clock.end
  exit 0
}
case $root in
  /*) answers "$root" || stop_here ;;
  *) answers "$HOME" || { root=$HOME/$(printf '%s' "$root" | sed 's#^~/##'); stop_here; } ;;
esac
${FIND_ROOT}
say root "$root"
answers "$root" || stop_here

# Free on the disk of a folder that is there or will be, KiB.
FREE='there=$1
  while [ ! -d "$there" ] && [ "$there" != / ]; do there=$(dirname "$there"); done
  df -Pk "$there" 2>/dev/null | awk "NR == 2 { print \$4 }"'
free_kib() { answers "$1" && within 5 sh -c "$FREE" sh "$1"; }
say disk.free.kib "$(free_kib "$root")"

if [ "$(id -u)" = 0 ]; then say sudo root
elif ! have sudo; then say sudo none
elif brief sudo -n true 2>/dev/null; then say sudo free
elif brief sudo -n true 2>&1 | grep -qi 'password'; then say sudo password
else say sudo none
fi

[ -d /run/systemd/system ] && say systemd yes
[ -n "$XDG_RUNTIME_DIR" ] && systemctl --user show-environment >/dev/null 2>&1 && say systemd.user yes
[ -e "/var/lib/systemd/linger/$(id -un)" ] && say linger yes
if [ -f /.dockerenv ] || [ -f /run/.containerenv ] || [ -n "$RUNPOD_POD_ID" ]; then say container yes; fi

docker_up=
if have docker; then
  say docker.client yes
  if server=$(brief docker version --format '{{.Server.Version}}' 2>&1); then
    say docker.server "$server"
    docker_up=yes
    # The platform's own worker loses jobs beside the agent (contract 2.2); what it runs tells it from a plain ComfyUI.
    brief docker ps --no-trunc --format '{{.Names}}|{{.Label "workshop-console.worker"}}|{{.Command}}' 2>/dev/null | grep -E '\|\|.*(start-worker\.sh|worker\.py)' | cut -d'|' -f1 | while IFS= read -r line; do say platform.worker "$line"; done
    brief docker info --format '{{json .Runtimes}}' 2>/dev/null | grep -q nvidia && say docker.nvidia yes
    say docker.compose "$(brief docker compose version --short 2>/dev/null || brief docker-compose version --short 2>/dev/null)"
  else say docker.why "$server"
  fi
fi
dpkg -s docker-ce 2>/dev/null | grep -q '^Status: .* installed' && say docker.ce yes
images=$([ -z "$docker_up" ] || brief docker info --format '{{.DockerRootDir}}' 2>/dev/null | tail -n 1)
case $images in /*) ;; *) images=/var/lib/docker ;; esac
say docker.disk "$(free_kib "$images") $images"
[ -z "$docker_up" ] || brief docker images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | head -n 200 | while IFS= read -r line; do say docker.image "$line"; done
have nvidia-ctk && say toolkit "$(brief nvidia-ctk --version 2>/dev/null | head -n 1)"
if have nvidia-smi; then
  if gpus=$(brief nvidia-smi --query-gpu=index,name,memory.total,driver_version --format=csv,noheader,nounits 2>&1); then
    printf '%s\n' "$gpus" | while IFS= read -r line; do say gpu "$line"; done
  else say gpu.why "$gpus"
  fi
else say gpu.why 'nvidia-smi is not there'
fi

for node in "$root"/node "$(command -v node)" /usr/local/bin/node /usr/bin/node; do
  [ -n "$node" ] && [ -x "$node" ] && version=$(brief "$node" --version 2>/dev/null) && say node "$version $node"
done

if have tailscale; then
  say tailscale yes
  brief tailscale ip -4 2>/dev/null | while IFS= read -r line; do say tailscale.ip "$line"; done
fi
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" { n = split($2, part, ":"); print "listen=" part[n] }' | sort -u
have ss && brief ss -Hltnp 2>/dev/null | sed -n 's/.*:\([0-9][0-9]*\) .*,pid=\([0-9]*\).*/\1 \2/p' | sort -u | while read -r port pid; do
  program=$(readlink "/proc/$pid/exe") && say listener "$port $pid $(basename "$program")"
done
for comfy in "$HOME/ComfyUI" /workspace/ComfyUI /workspace/runpod-slim/ComfyUI /opt/ComfyUI /root/ComfyUI; do
  answers "$comfy" && within 3 test -f "$comfy/main.py" || continue
  say comfy.dir "$comfy"
  for python in "$comfy/venv/bin/python" "$comfy/.venv/bin/python" "$(command -v python3)"; do
    if [ -x "$python" ]; then say comfy.python "$python"; break; fi
  done
  grep -o -- '"--[a-z-]*"' "$comfy/comfy/cli_args.py" 2>/dev/null | tr -d '"' | sort -u | while read -r option; do say comfy.option "$option"; done
  break
done
# Folders with models: what was chosen or stands configured, and where they usually are. Counting is bounded.
configured() { sed -n 's/^MODELS_PATH=//p' "$root/workshop.env" "$root/agent.env" 2>/dev/null | tr -d "\"'" | sed 's#/*$##'; }
# In a folder of mounts each is asked for by its name, so that one that does not answer hides no other.
within 3 ls -f /mnt | grep -v '^\.' | sed 's#^#/mnt/#; s#$#/models#' > "$aside/usual"
printf '%s\n' /models /data/models /workspace/models "$HOME/comfy*/data/models" '/home/*/comfy*/data/models' \
  "$comfy/models" "$HOME/ComfyUI/models" "$HOME/*/ComfyUI/models" /workspace/ComfyUI/models '/workspace/*/ComfyUI/models' /opt/ComfyUI/models >> "$aside/usual"
keys=
number=0
while IFS= read -r pattern; do
  answers "$pattern" || continue
  number=$((number + 1))
  begin "u.$number" 4 sh -c 'IFS=; for found in $1; do [ -d "$found" ] && printf "%s\n" "$found"; done; exit 0' sh "$pattern"
  keys="$keys u.$number"
done < "$aside/usual"
settle 4 $keys
{
  printf '%s\n' "$2"
  configured
  for key in $keys; do told "$key"; done
} | awk '/^\// && !seen[$0]++' | head -n 8 > "$aside/folders"
COUNT='models=$1
  if command -v timeout >/dev/null 2>&1; then few="timeout 4"; else few=; fi
  [ -d "$models/shared" ] && inside=$models/shared || inside=$models
  [ -d "$inside" ] || exit 0
  $few find -L "$inside" -maxdepth 5 -type f \( -name "*.safetensors" -o -name "*.ckpt" -o -name "*.pt" -o -name "*.pth" -o -name "*.bin" -o -name "*.gguf" -o -name "*.onnx" -o -name "*.sft" \) -exec stat -L -c %s {} + 2>/dev/null |
    head -n 5000 | awk "{ files++; bytes += \$1 } END { printf \"%d %.0f\", files, bytes }"'
keys=
number=0
while IFS= read -r models; do
  answers "$models" || continue
  number=$((number + 1))
  printf '%s' "$models" > "$aside/models.$number"
  begin "c.$number" 8 sh -c "$COUNT" sh "$models"
  begin "f.$number" 8 sh -c "$FREE" sh "$models"
  keys="$keys c.$number f.$number"
done < "$aside/folders"
settle 8 $keys
at=0
while [ "$at" -lt "$number" ]; do
  at=$((at + 1))
  counted=$(told "c.$at")
  [ -z "$counted" ] || say models "$counted $(told "f.$at") $(cat "$aside/models.$at")"
done
# Ports of our own servers: of the processes that the agent started, and of its containers.
for note in "$root"/state/run/*.json; do
  [ -f "$note" ] || continue
  member() { sed -n "s/.*\"$1\":\"\{0,1\}\([0-9]*\).*/\1/p" "$note"; }
  [ "$(sed 's/.*) //' "/proc/$(member pid)/stat" 2>/dev/null | cut -d' ' -f20)" = "$(member startTicks)" ] && say own.port "$(member port)"
done
[ -z "$docker_up" ] || brief docker ps -q --filter label=workshop-console.worker 2>/dev/null | while read -r id; do
  brief docker inspect --format '{{range .HostConfig.PortBindings}}{{range .}}port {{.HostPort}} {{end}}{{end}}{{if eq .HostConfig.NetworkMode "host"}}{{range .Args}}{{.}} {{end}}{{end}}' "$id" 2>/dev/null |
    sed -n 's/.*port \([0-9][0-9]*\) .*/\1/p' | while read -r port; do say own.port "$port"; done
done
if have curl; then say fetcher curl; elif have wget; then say fetcher wget; fi
have apt-get && say packages apt
have ssh-keygen && say keygen yes

say current "$(readlink "$root/current" 2>/dev/null)"
say previous "$(readlink "$root/previous" 2>/dev/null)"
say config "$(readlink "$root/agent.env" 2>/dev/null)"
for release in "$root"/releases/*/worker-agent.mjs; do
  [ -f "$release" ] || continue
  say release "$(basename "$(dirname "$release")") $(sha256sum "$release" | cut -d' ' -f1)"
done
if [ -f /etc/systemd/system/worker-agent.service ] && grep -qF "$root/" /etc/systemd/system/worker-agent.service; then say service system
elif [ -f "$HOME/.config/systemd/user/worker-agent.service" ] && grep -qF "$root/" "$HOME/.config/systemd/user/worker-agent.service"; then say service user
elif [ -f "$root/daemon.sh" ]; then say service daemon
fi
# The agent's own word, believed only while the process that wrote it lives.
if [ -r "$root/state/agent.lock" ]; then
  field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$root/state/agent.lock"; }
  pid=$(field pid)
  if [ -n "$pid" ] && [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$(field startTicks)" ]; then
    say agent.pid "$pid"
    say agent.entry "$(field agent)"
    say agent.env "$(field envFile)"
  fi
fi
say undelivered "$(ls "$root/state/outbox" 2>/dev/null | grep -c . )"
say lock "$(readlink "$root/deploy.lock" 2>/dev/null)"
clock clock.end
exit 0
`;
