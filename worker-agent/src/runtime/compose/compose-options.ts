/** How the compose runtime is set up on one GPU host. Paths are absolute and on the machine that Docker runs on. */
export interface ComposeOptions {
  /** Name of the compose project; its containers are called `<project>-<workerId>`. See `projectName`. */
  project: string;
  /** Image with ComfyUI and its Python (COMFYUI_IMAGE). */
  image: string;
  /** Folder with a Dockerfile, built when the image is not on this machine; null = pull it (COMFYUI_BUILD). */
  buildContext: string | null;
  /** Folder of the ComfyUI checkout inside the image; main.py is in it. Default /workspace/ComfyUI (contract 3.2). */
  comfyDirectory: string;
  /** Folder with checkpoints/, loras/ …, or the platform's MODELS_PATH with `shared/` in it; null = the image's own. */
  modelsPath: string | null;
  /** Folder with input files, shared by the workers; written to by ComfyUI's uploads. */
  inputsPath: string;
  /** ComfyUI of worker-1 writes into `<outputsPath>/worker-1`; users' folders are not in here. */
  outputsPath: string;
  /** Folder with custom nodes besides those in the image; null = none. */
  customNodesPath: string | null;
  /** Folder of the runtime's own: the generated files and one user folder per worker. */
  stateDir: string;
  /** Most workers this host may run. */
  maxWorkers: number;
  /** What a worker without a GPU of its own gets. `none` is for machines without one: ComfyUI then runs on the CPU. */
  defaultGpu: 'all' | 'none';
  /** RAM limit of one container in bytes; null = the host's RAM shared out among `maxWorkers` (WORKER_MEMORY_LIMIT). */
  memoryLimitBytes: number | null;
  /** Docker's own restart policy: it also holds while the agent is away. Default unless-stopped. */
  restartPolicy: 'unless-stopped' | 'always' | 'on-failure' | 'no';
  /** `published`: own network, port published on loopback. `host`: shares the host's network, listens on loopback. */
  network: 'published' | 'host';
  /** `uid:gid` in the container; null = the image's (COMFYUI_USER). */
  user: string | null;
  /** Further words for ComfyUI's command line, e.g. --reserve-vram 2. */
  extraArgs: readonly string[];
  /** Further environment of ComfyUI. Names that look like a secret are refused. */
  extraEnvironment: Readonly<Record<string, string>>;
  /** Starts workers although the platform's own worker runs here (ALLOW_PLATFORM_WORKER). */
  allowPlatformWorker: boolean;
  /** Value for DOCKER_HOST; null leaves the environment's. */
  dockerHost: string | null;
  /** What Docker does with ComfyUI between SIGTERM and SIGKILL when nobody says otherwise, in ms. */
  stopGraceMs: number;
}

export const COMPOSE_DEFAULTS = {
  buildContext: null,
  comfyDirectory: '/workspace/ComfyUI',
  modelsPath: null,
  customNodesPath: null,
  defaultGpu: 'all',
  memoryLimitBytes: null,
  restartPolicy: 'unless-stopped',
  network: 'published',
  user: null,
  extraArgs: [],
  extraEnvironment: {},
  allowPlatformWorker: false,
  dockerHost: null,
  stopGraceMs: 30_000,
} as const satisfies Partial<ComposeOptions>;

/** The project name that belongs to a host: compose allows lower case letters, digits, - and _. */
export function projectName(hostId: string): string {
  return `workshop-${hostId.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '-')}`;
}
