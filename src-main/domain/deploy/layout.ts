/**
 * What stands where on a machine that the agent is deployed to. Everything is below one root folder, so that an
 * uninstall knows what is ours:
 *
 *   releases/{version}-{sha}/worker-agent.mjs   one folder a release, checked by its SHA-256
 *   current, previous                           links to a release; switched by one rename
 *   config/{n}.env, agent.env                   the configurations, readable by the user only; link to the current one
 *   node, node-{version}/                       link to the Node that runs the agent; Node itself where we brought it
 *   daemon.sh, daemon.pid, agent.log            only where there is no systemd
 *   keys/vps, keys/vps.pub                      the key that lets the agent in at the VPS, for files; never leaves here
 *   workshop.env                                what was imported from the VPS's .env
 *   image/Dockerfile                            of our ComfyUI image, where no other was chosen
 *   state/                                      the agent's own: spool, outbox, outputs. An uninstall leaves it
 */
const BUNDLE = 'worker-agent.mjs';
/** Where all of it goes unless the host says otherwise; `~` is the home of the user who logs in. */
export const DEFAULT_ROOT = '~/.local/share/worker-agent';

/** On a pod of RunPod, of which only /workspace outlives a restart; where there is none, the usual folder is used. */
const RUNPOD_ROOT = '/workspace/worker-agent';

/** Every folder that an agent may have been deployed to. */
export const AGENT_ROOTS = [DEFAULT_ROOT, RUNPOD_ROOT] as const;

export function rootFor(provider: string | undefined): string {
  return provider === 'runpod' ? RUNPOD_ROOT : DEFAULT_ROOT;
}

export const placesIn = (root: string) => ({
  releases: `${root}/releases`,
  release: (name: string) => `${root}/releases/${name}`,
  bundle: (name: string) => `${root}/releases/${name}/${BUNDLE}`,
  current: `${root}/current`,
  previous: `${root}/previous`,
  config: `${root}/config`,
  envFile: `${root}/agent.env`,
  node: `${root}/node`,
  daemon: `${root}/daemon.sh`,
  log: `${root}/agent.log`,
  /** What the import of the VPS's .env wrote, if it did. */
  imported: `${root}/workshop.env`,
  /** Private key for the way to the VPS; its public half stands beside it with `.pub`. */
  vpsKey: `${root}/keys/vps`,
  /** Folder with the Dockerfile of our ComfyUI image. */
  image: `${root}/image`,
  state: `${root}/state`,
});

/** Name of a release: its version and the first of its bundle's SHA-256. */
export function releaseName(version: string, sha256: string): string {
  return `${version}-${sha256.slice(0, 12)}`;
}

/** "0.1.0" of "0.1.0-4b4daac0a1b2". */
export function versionOf(release: string): string {
  return release.replace(/-[0-9a-f]{12}$/, '');
}
