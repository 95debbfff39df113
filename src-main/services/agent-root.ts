/**
 * Where the agent's folder is on a machine, as POSIX shell: makes `$root` of the one that is preferred. A RunPod pod
 * keeps only its volume /workspace over a restart, so the agent goes there, unless the pod has no volume or an agent
 * stands in the usual place already (two would fight over the pod's ports).
 */
export const FIND_ROOT = `
usual=$HOME/.local/share/worker-agent
case $root in
  "~/"*) root=$HOME/$(printf '%s' "$root" | cut -c3-) ;;
  /workspace/*) [ -d /workspace ] && [ -w /workspace ] && [ ! -L "$usual/current" ] || root=$usual ;;
esac
`;
