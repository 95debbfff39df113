/**
 * The vendors' own ways to install what a GPU host needs. Each list is run as root by `sh -e`, exactly as it is shown.
 * Values never stand in the text: the first argument is the user who deploys.
 */

/** https://docs.docker.com/engine/install: the convenience script, which knows the distributions. */
export const INSTALL_DOCKER = [
  'curl -fsSL https://get.docker.com -o /tmp/get-docker.sh',
  'sh /tmp/get-docker.sh',
  'rm -f /tmp/get-docker.sh',
  'usermod -aG docker "$1"',
];

/** https://docs.nvidia.com/datacenter/cloud-native/container-toolkit: with apt. */
export const INSTALL_TOOLKIT = [
  // No pipes: a download that fails ends the list, with its own words.
  'curl -fsSL https://nvidia.github.io/libnvidia-container/gpgkey -o /tmp/nvidia-toolkit.key',
  'gpg --batch --yes --dearmor -o /usr/share/keyrings/nvidia-container-toolkit-keyring.gpg /tmp/nvidia-toolkit.key',
  'curl -fsSL https://nvidia.github.io/libnvidia-container/stable/deb/nvidia-container-toolkit.list -o /tmp/nvidia-toolkit.list',
  "sed 's#deb https://#deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg] https://#g' /tmp/nvidia-toolkit.list > /etc/apt/sources.list.d/nvidia-container-toolkit.list",
  'rm -f /tmp/nvidia-toolkit.key /tmp/nvidia-toolkit.list',
  'apt-get update',
  'apt-get install -y nvidia-container-toolkit',
  'nvidia-ctk runtime configure --runtime=docker',
  'systemctl restart docker || service docker restart',
];

/** https://tailscale.com/kb/1031/install-linux; `up` prints a link that the host opens once. */
export const INSTALL_TAILSCALE = [
  'command -v tailscale || curl -fsSL https://tailscale.com/install.sh | sh',
  'tailscale up --timeout=300s',
];

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
    'loginctl enable-linger || true',
  ],
};
