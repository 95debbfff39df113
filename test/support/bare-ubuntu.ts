import type { OwnRootMachine } from './own-root-machine.ts';

/** User of the machine, who may become root with a password. */
export const ADMIN = { user: 'ubuntu', password: 'the password of ubuntu' } as const;

/**
 * The GPU host as a cloud hands it over: Ubuntu with a driver, and a user who becomes root with a password. What would
 * come from the internet is played: the vendors' install scripts, apt's packages, and what they leave behind. They are
 * as strict as the real ones: apt-get wants its lock, an answer to nothing, and no standard input.
 */
export async function becomeBareUbuntu(machine: OwnRootMachine): Promise<void> {
  await machine.run(
    String.raw`
useradd -m -s /bin/bash "$2"
printf '%s:%s\n' "$2" "$3" | chpasswd
cp -r /root/.ssh "/home/$2/.ssh"
chown -R "$2:" "/home/$2"
printf '%s ALL=(ALL) ALL\n' "$2" > "/etc/sudoers.d/$2"
printf '%s\n' 'ID=ubuntu' 'VERSION_ID=24.04' 'PRETTY_NAME="Ubuntu 24.04.1 LTS"' > /etc/os-release
groupdel docker 2>/dev/null || :
rm -f /usr/bin/docker-compose /usr/local/bin/docker-compose
mkdir -p /var/lib/cards/gpu0 /etc/docker /srv/vendor
printf '%s\n' "$1" > /srv/vendor/address
: > /var/log/installed
printf '%s\n' '#!/bin/sh' 'WORKSHOP_CARDS_DIR=/var/lib/cards exec node --no-warnings /opt/project/resources/demo/nvidia-smi-double/main.ts "$@"' > /usr/local/bin/nvidia-smi

cat > /srv/vendor/get.docker.com <<'END'
apt-get -qq update && apt-get -y -qq install docker-ce docker-compose-plugin
END
cat > /srv/vendor/tailscale.com_install.sh <<'END'
apt-get update && apt-get install -y tailscale
END
echo key > /srv/vendor/nvidia.github.io_libnvidia-container_gpgkey
echo 'deb https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /' > /srv/vendor/nvidia.github.io_libnvidia-container_stable_deb_nvidia-container-toolkit.list
cat > /usr/local/bin/curl <<'END'
#!/bin/sh
# curl -fsSL ADDRESS -o FILE
[ "$1 $3" = '-fsSL -o' ] || { echo "curl: unexpected: $*" >&2; exit 2; }
cp "/srv/vendor/$(printf '%s' "$2" | sed 's#https://##; s#/#_#g')" "$4" || exit 6
END
printf '%s\n' '#!/bin/sh' 'for last; do :; done' 'cp "$last" /usr/share/keyrings/nvidia-container-toolkit-keyring.gpg' > /usr/local/bin/gpg

cat > /usr/local/bin/apt-get <<'END'
#!/bin/sh
[ "$DEBIAN_FRONTEND" = noninteractive ] || { echo 'debconf: a question that nobody answers' >&2; exit 100; }
if read -r _; then echo 'apt-get ate a line of its caller' >&2; exit 100; fi
perl -MFcntl -e 'open F, "+>>", "/var/lib/dpkg/lock-frontend"; exit !fcntl(F, F_SETLK, my $l = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0))' || {
  echo 'E: Could not get lock /var/lib/dpkg/lock-frontend' >&2
  exit 100
}
case " $* " in *' install '*) ;; *) exit 0 ;; esac
for word; do
  case $word in
    -* | DPkg::* | install) continue ;;
    docker-compose-v2) [ -e /srv/vendor/has-compose-v2 ] || { echo "E: Unable to locate package $word" >&2; exit 100; } ;;
  esac
  sh "/srv/vendor/leave" "$word"
done
END
cat > /usr/local/bin/dpkg <<'END'
#!/bin/sh
[ "$1" = -s ] || exec /usr/bin/dpkg "$@"
grep -qx "$2" /var/log/installed && echo 'Status: install ok installed'
END
# What packages leave behind.
cat > /srv/vendor/leave <<'LEAVE'
echo "$1" >> /var/log/installed
case $1 in
docker-compose-plugin | docker-compose-v2 | docker-compose) touch /srv/vendor/compose ;;
openssh-client) mv /usr/bin/ssh-keygen.away /usr/bin/ssh-keygen ;;
docker-ce | docker.io)
  groupadd -f docker
  printf '%s\n' '#!/bin/sh' 'cp /etc/docker/daemon.json /run/docker.started 2>/dev/null || echo "{}" > /run/docker.started' > /etc/init.d/docker
  chmod +x /etc/init.d/docker
  /etc/init.d/docker start
  cat > /usr/local/bin/docker <<'END'
#!/bin/sh
id -nG | grep -qwE 'docker|root' || { echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1; }
[ -e /run/docker.started ] || { echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2; exit 1; }
case $1 in
  version) echo 29.0.0 ;;
  info) case $3 in *RootDir*) echo /var/lib/docker ;; *) cat /run/docker.started ;; esac ;;
  compose) [ -e /srv/vendor/compose ] && [ "$2" = version ] && echo 5.0.0 ;;
  image) exit 1 ;;
  events) exec sleep 3600 ;;
esac
END
  chmod +x /usr/local/bin/docker ;;
nvidia-container-toolkit)
  printf '%s\n' '#!/bin/sh' '[ "$1" = --version ] && { echo "NVIDIA Container Toolkit CLI version 1.18.0"; exit; }' 'echo "{\"runtimes\":{\"nvidia\":{}}}" > /etc/docker/daemon.json' > /usr/local/bin/nvidia-ctk
  chmod +x /usr/local/bin/nvidia-ctk ;;
tailscale)
  cat > /usr/local/bin/tailscale <<'END'
#!/bin/sh
case "$1 $2" in
  'up '*) echo 'To authenticate, visit:' >&2; echo ' https://login.tailscale.com/a/1f2e3d' >&2; touch /run/tailscale.up ;;
  'ip -4') [ -e /run/tailscale.up ] && cat /srv/vendor/address ;;
  *) exit 1 ;;
esac
END
  chmod +x /usr/local/bin/tailscale ;;
esac
LEAVE
chmod +x /usr/local/bin/nvidia-smi /usr/local/bin/curl /usr/local/bin/gpg /usr/local/bin/apt-get /usr/local/bin/dpkg
`,
    ...[machine.address, ADMIN.user, ADMIN.password],
  );
}

/**
 * Another program of the machine has a lock as apt takes it, such as the update after the first start.
 * @param how `unseen`: apt does not get it, but nobody is shown to have it, as where one comes in between.
 * @returns what ends it.
 */
export async function holdAptLock(
  machine: OwnRootMachine,
  how: 'seen' | 'unseen' = 'seen',
): Promise<() => Promise<unknown>> {
  const pid = await machine.run(`
rm -f /run/lock-held
perl -MFcntl -e 'open F, "+>>", "/var/lib/dpkg/lock-frontend"; fcntl(F, F_SETLK, my $l = pack("s s x4 q q i x4", ${how === 'seen' ? 'F_WRLCK' : 'F_RDLCK'}, 0, 0, 0, 0)) or die; $0 = "unattended-upgr"; open H, ">", "/run/lock-held"; sleep 600' </dev/null >/dev/null 2>&1 &
echo $!
until [ -e /run/lock-held ]; do sleep 0.02; done`);
  return () => machine.run('kill "$1"', pid.trim());
}
