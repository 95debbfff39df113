/**
 * The vendors' own ways to install what a GPU host needs. Each list is run as root by `sh -e`, exactly as it is shown.
 * Values never stand in the text: the first argument is the user who deploys. There is no standard input.
 */

/** Exit code of commands that waited for the package manager in vain. */
export const STILL_LOCKED = 76;

/**
 * Before packages are installed. A machine that was just started updates itself for some minutes, and a run that was
 * cut may still be at work: apt then fails at once, and the vendors' scripts with it. So its locks are waited for, as
 * the system shows them in /proc/locks, and what was broken off is carried to its end. Nobody is asked anything.
 */
export const WAIT_FOR_APT: readonly string[] = [
  'export DEBIAN_FRONTEND=noninteractive',
  'waited=0',
  'while holder=$(for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock; do [ ! -e $lock ] || sed -n "s/.*POSIX .*WRITE *\\([0-9]*\\) .*:$(stat -c %i $lock) .*/\\1/p" /proc/locks; done | head -n 1) && [ -n "$holder" ]; do',
  '  if [ $((waited % 10)) -eq 0 ]; then echo "Waiting for another installation to end: $(cat /proc/$holder/comm || echo unknown), process $holder, for $waited s"; fi',
  `  if [ $waited -ge 600 ]; then exit ${STILL_LOCKED}; fi`,
  '  sleep 2; waited=$((waited + 2))',
  'done',
  'dpkg --configure -a',
];

/** apt itself waits, too, should another be faster. */
const apt = (words: string) => `apt-get -o DPkg::Lock::Timeout=300 ${words}`;

/** https://docs.docker.com/engine/install: the convenience script, which knows the distributions. */
export const INSTALL_DOCKER = [
  ...WAIT_FOR_APT,
  'curl -fsSL https://get.docker.com -o /tmp/get-docker.sh',
  'sh /tmp/get-docker.sh',
  'rm -f /tmp/get-docker.sh',
  'usermod -aG docker "$1"',
];

/** Only the plugin: Docker itself is there, from Docker's own packages or from the system's. */
export const ADD_COMPOSE = {
  fromDocker: [...WAIT_FOR_APT, apt('update'), apt('install -y docker-compose-plugin')],
  fromSystem: [
    ...WAIT_FOR_APT,
    apt('update'),
    // Ubuntu's name for version 2; Debian before 13 has version 1 only, which does as well.
    `${apt('install -y docker-compose-v2')} || ${apt('install -y docker-compose')}`,
  ],
};

export const START_DOCKER = ['systemctl enable --now docker || service docker start'];

/** https://docs.nvidia.com/datacenter/cloud-native/container-toolkit: with apt. */
export const INSTALL_TOOLKIT = [
  ...WAIT_FOR_APT,
  // No pipes: a download that fails ends the list, with its own words.
  'curl -fsSL https://nvidia.github.io/libnvidia-container/gpgkey -o /tmp/nvidia-toolkit.key',
  'gpg --batch --yes --dearmor -o /usr/share/keyrings/nvidia-container-toolkit-keyring.gpg /tmp/nvidia-toolkit.key',
  'curl -fsSL https://nvidia.github.io/libnvidia-container/stable/deb/nvidia-container-toolkit.list -o /tmp/nvidia-toolkit.list',
  "sed 's#deb https://#deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg] https://#g' /tmp/nvidia-toolkit.list > /etc/apt/sources.list.d/nvidia-container-toolkit.list",
  'rm -f /tmp/nvidia-toolkit.key /tmp/nvidia-toolkit.list',
  apt('update'),
  apt('install -y nvidia-container-toolkit'),
  'nvidia-ctk runtime configure --runtime=docker',
  'systemctl restart docker || service docker restart',
];

/** How long `tailscale up` waits for the person, s. */
export const TAILSCALE_LOGIN_S = 300;

/** https://tailscale.com/kb/1031/install-linux; `up` prints a link that the host opens once. */
const TAILSCALE_UP = `tailscale up --timeout=${TAILSCALE_LOGIN_S}s`;
export const JOIN_TAILNET = [TAILSCALE_UP];
export const INSTALL_TAILSCALE = [
  ...WAIT_FOR_APT,
  'curl -fsSL https://tailscale.com/install.sh -o /tmp/tailscale-install.sh',
  'sh /tmp/tailscale-install.sh',
  'rm -f /tmp/tailscale-install.sh',
  TAILSCALE_UP,
];

/** For machines that have apt and no curl yet. */
export const INSTALL_CURL = [...WAIT_FOR_APT, apt('update'), apt('install -y curl')];

/** Brings ssh-keygen and ssh-keyscan. */
export const INSTALL_SSH_CLIENT = [...WAIT_FOR_APT, apt('update'), apt('install -y openssh-client')];

/** The system's own keeper of the clock; Debian and minimal images come without. */
export const INSTALL_TIMESYNCD = [...WAIT_FOR_APT, apt('update'), apt('install -y systemd-timesyncd')];

/** Puts the unit that was written into the install folder in its place. Run by `sh -e` with the folder as `$1`. */
export const INSTALL_UNIT = {
  system: (root = '$1') => [
    `install -m 644 "${root}/worker-agent.service" /etc/systemd/system/worker-agent.service`,
    'systemctl daemon-reload',
    'systemctl enable worker-agent',
  ],
  user: (root = '$1') => [
    'mkdir -p "$HOME/.config/systemd/user"',
    `install -m 644 "${root}/worker-agent.service" "$HOME/.config/systemd/user/worker-agent.service"`,
    'systemctl --user daemon-reload',
    'systemctl --user enable worker-agent',
    'loginctl enable-linger || echo "This user’s services will end with the last login: lingering could not be enabled."',
  ],
};
