import { z } from 'zod';
import { argv, filledIn, flag, sizeMiB, wholeNumber } from './config-values.ts';
import { key } from './key-spec.ts';

/** The keys that only RUNTIME=compose reads, besides the platform's paths; same shape as in config-keys.ts. */
export const COMPOSE_KEYS = {
  COMFYUI_IMAGE: key(
    filledIn.refine((name) => !/\s/.test(name), 'holds a space'),
    'Give the image with ComfyUI and its Python, e.g. registry.example.org/comfyui:0.9.2.',
  ),
  COMFYUI_BUILD: key(
    filledIn,
    'Give a folder with a Dockerfile; it is built when the image is not on this machine.',
  ),
  COMFYUI_DIRECTORY: key(
    filledIn.refine((path) => path.startsWith('/'), 'is not an absolute path'),
    'Give the folder inside the image that holds main.py, normally /workspace/ComfyUI.',
  ),
  COMFYUI_USER: key(
    z
      .string()
      .trim()
      .regex(/^[a-zA-Z0-9_.-]+(:[a-zA-Z0-9_.-]+)?$/, 'is not a user, nor uid:gid'),
    'Give uid:gid, e.g. 1000:1000, or leave it out to use the user of the image.',
  ),
  COMFYUI_ARGS: key(argv, 'Give further words for the command line of ComfyUI, e.g. --reserve-vram 2.'),
  COMFYUI_KEEP_HOURS: key(
    wholeNumber(1, 8760, ' of hours'),
    'Give how many hours ComfyUI’s own copy of a delivered file is kept on this machine, e.g. 24.',
  ),
  CUSTOM_NODES_PATH: key(filledIn, 'Give the folder with custom nodes on this machine, or leave it out.'),
  COMPOSE_PROJECT: key(
    z
      .string()
      .trim()
      .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'is not a compose project name'),
    'Use small letters, digits, - and _; two agents on one machine need different ones.',
  ),
  COMPOSE_NETWORK: key(
    z.enum(['published', 'host'], 'must be published or host'),
    'Use published, unless Docker has no network of its own here; then use host.',
  ),
  COMPOSE_GPU: key(
    z.enum(['all', 'none'], 'must be all or none'),
    'Say what a worker without a card in GPU_IDS gets: all cards, or none (ComfyUI on the CPU).',
  ),
  WORKER_MEMORY_LIMIT: key(
    sizeMiB,
    'Give the RAM (not VRAM) that one container may use, e.g. 64G; left out, it is shared out evenly.',
  ),
  WORKER_RESTART_POLICY: key(
    z.enum(
      ['unless-stopped', 'always', 'on-failure', 'no'],
      'must be unless-stopped, always, on-failure or no',
    ),
    'Use unless-stopped: a server then comes back even while the agent is away.',
  ),
  WORKERS_PER_GPU: key(wholeNumber(1, 16), 'Give how many workers share one card; they share its VRAM, too.'),
  ALLOW_PLATFORM_WORKER: key(
    flag,
    'Say true only to run beside the platform’s own worker.py all the same; it loses jobs.',
  ),
  DOCKER_HOST: key(
    filledIn,
    'Give the socket of the Docker on this machine, e.g. unix:///var/run/docker.sock, or leave it out.',
  ),
} as const;
