import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import type { Seen } from './cure.ts';

const LOOK_MS = 30_000;

/** What a remedy needs to know of a machine. Prints `key=value` lines; changes nothing. */
const LOOK_FOR_REMEDY = String.raw`
LC_ALL=C; export LC_ALL
say() { printf '%s=%s\n' "$1" "$2"; }
have() { command -v "$1" >/dev/null 2>&1; }
say user "$(id -un)"
say group "$(id -gn)"
if [ "$(id -u)" = 0 ]; then say sudo root
elif ! have sudo; then say sudo none
elif sudo -n true 2>/dev/null; then say sudo free
elif sudo -n true 2>&1 | grep -qi 'password'; then say sudo password
else say sudo none
fi
have apt-get && say apt yes
have curl && say curl yes
# A container has its clock from the machine below it, and no timedatectl that answers.
if have timedatectl && clock=$(timedatectl show -p CanNTP -p NTP 2>/dev/null </dev/null); then
  case $clock in
    *CanNTP=no*) say clock without-service ;;
    *NTP=yes*NTP=yes*) say clock kept ;;
    *) say clock free ;;
  esac
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

/** Looks at a machine; changes nothing. @throws WorkshopError HOST_UNSUITABLE when it does not answer like Linux. */
export async function lookAt(host: RemoteHost): Promise<Seen> {
  const { stdout } = await host.script(LOOK_FOR_REMEDY, [], { timeoutMs: LOOK_MS });
  const told = toldIn(stdout);
  const [user = ''] = told('user');
  if (user === '')
    throw new WorkshopError('HOST_UNSUITABLE', `${host.label} could not be looked at.`, {
      remedy: 'It must be a Linux machine with a POSIX shell.',
    });
  return {
    user,
    group: told('group')[0] ?? user,
    sudo: (['root', 'free', 'password'] as const).find((one) => one === told('sudo')[0]) ?? 'none',
    docker: told('docker').length > 0,
    dockerAble: told('docker.able').length > 0,
    // As Docker allows them; anything else is not a container's name.
    platformWorkers: told('platform.worker').filter((name) => /^[a-zA-Z0-9][\w.-]{0,127}$/.test(name)),
    apt: told('apt').length > 0,
    curl: told('curl').length > 0,
    clock: (['kept', 'free', 'without-service'] as const).find((one) => one === told('clock')[0]) ?? 'alien',
  };
}

/** The values of a key in text of `key=value` lines. */
export const toldIn =
  (text: string) =>
  (key: string): string[] =>
    text
      .split('\n')
      .flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1).trim()] : []));
