import { type Findings, silentMountOf } from './findings.ts';
import { placesIn } from './layout.ts';
import { fullest } from './models.ts';
import { type Neighbours, NO_NEIGHBOURS, standingPrefix, workerPrefix } from './worker-prefix.ts';

/** How ComfyUI is to run on a machine, as the host chose; empty and null where the console is to decide. */
export interface DeployChoices {
  runtime: 'compose' | 'process' | 'external' | null;
  /** compose: an image that exists; empty builds ours. */
  image: string;
  /** process: what starts ComfyUI, with {port}. */
  command: string;
  /** external: servers that already run, with commas. */
  urls: string;
  modelsPath: string;
  /** The first worker's port; the next worker gets the next. null: as configured, usually 8188. */
  basePort: number | null;
}

export const NO_CHOICES: DeployChoices = {
  ...{ runtime: null, image: '', command: '', urls: '', modelsPath: '', basePort: null },
};

/** The agent's name for an image that it builds itself. */
const BUILT_IMAGE = 'workshop-comfyui:local';

/** What the agent takes as COMFYUI_BASE_PORT. */
export const BASE_PORTS = { least: 1024, most: 65_000 } as const;

export interface AgentSettings {
  entries: Record<string, string>;
  runtime: 'compose' | 'process' | 'external';
  /** compose: name of ComfyUI's image; else null. */
  image: string | null;
  /** Where ComfyUI will look for models; null where nobody said and it is not known. */
  modelsPath: string | null;
  /** What a person has to say first; null for nothing. */
  missing: { message: string; remedy: string } | null;
}

/**
 * The agent's configuration on one machine: what the workshop says, over it what was imported to the machine, over it
 * what the host chose, and what follows from the machine itself. `delivery`: the way to the VPS (delivery.ts).
 */
export function agentSettings(
  found: Findings,
  {
    workshop,
    imported,
    delivery,
    choices,
    standing = null,
    hostId = '',
    neighbours = NO_NEIGHBOURS,
  }: Record<'workshop' | 'imported' | 'delivery', Readonly<Record<string, string>>> & {
    choices: DeployChoices;
    /** What the machine's agent is configured with now; null where there is none. */
    standing?: Readonly<Record<string, string>> | null;
    hostId?: string;
    neighbours?: Neighbours;
  },
): AgentSettings {
  const entries: Record<string, string> = { ...workshop, ...imported };
  const prefix = entries.WORKER_ID_PREFIX ?? workerPrefix(standingPrefix(standing), hostId, neighbours);
  if (prefix !== undefined) entries.WORKER_ID_PREFIX = prefix;
  // All of the way to the VPS or none of it: what was imported alone is not enough for the agent.
  for (const name of Object.keys(entries)) if (name.startsWith('VPS_')) delete entries[name];
  Object.assign(entries, delivery);
  const runtime = choices.runtime ?? told(entries) ?? (found.container ? 'process' : 'compose');
  entries.RUNTIME = runtime;
  const models = choices.modelsPath || entries.MODELS_PATH || usualModels(found, runtime, standing);
  if (models && runtime !== 'external') entries.MODELS_PATH = models;
  if (choices.basePort !== null) entries.COMFYUI_BASE_PORT = String(choices.basePort);
  if (runtime === 'compose') {
    if (choices.image) {
      entries.COMFYUI_IMAGE = choices.image;
      delete entries.COMFYUI_BUILD;
    } else if (!entries.COMFYUI_IMAGE) entries.COMFYUI_BUILD = placesIn(found.root).image;
  }
  if (runtime === 'process' && choices.command) entries.COMFYUI_COMMAND = choices.command;
  else if (runtime === 'process' && !entries.COMFYUI_COMMAND)
    Object.assign(entries, comfyThere(found, models));
  // Without it, every worker computes on the first card.
  if (runtime !== 'external' && found.gpus.length > 1 && !entries.GPU_IDS)
    entries.GPU_IDS = found.gpus.map(({ index }) => index).join(',');
  if (runtime === 'external' && choices.urls) entries.COMFYUI_URLS = choices.urls;
  return {
    entries,
    runtime,
    image: runtime === 'compose' ? (entries.COMFYUI_IMAGE ?? BUILT_IMAGE) : null,
    modelsPath: entries.MODELS_PATH || null,
    missing: missingIn(entries, runtime),
  };
}

/**
 * Where the machine has its models. What stands is kept while it holds some, so that a folder that grows beside it
 * changes nothing; then comes ComfyUI's own, then the fullest.
 */
function usualModels(
  found: Findings,
  runtime: AgentSettings['runtime'],
  standing: Readonly<Record<string, string>> | null,
): string | undefined {
  const { comfy, models } = found;
  const holding = (path: string | undefined) =>
    models.find((one) => one.files > 0 && one.path === path)?.path;
  const own = runtime === 'process' && comfy ? ownModels(comfy) : undefined;
  const before = standing?.MODELS_PATH;
  // Nobody can say what is there now: what stood stays.
  if (before && silentMountOf(found, before)) return before;
  return holding(before) ?? holding(own) ?? fullest(models)?.path ?? own ?? before;
}

const ownModels = ({ folder }: { folder: string }) => `${folder}/models`;

function told(entries: Readonly<Record<string, string>>): AgentSettings['runtime'] | undefined {
  const said = entries.RUNTIME?.trim();
  if (said === 'compose' || said === 'process' || said === 'external') return said;
  if (entries.COMFYUI_COMMAND) return 'process';
  if (entries.COMFYUI_URLS) return 'external';
  return entries.COMFYUI_IMAGE ? 'compose' : undefined;
}

/**
 * ComfyUI as it lies on the machine; an empty command when none was found. Each worker has folders of its own: two that
 * save into one pick the same number for their files (contract 8.25), and two that share a database end at the second
 * one's start (contract 3.4.8). What this ComfyUI's command line does not know is left out: it would not start.
 */
function comfyThere({ comfy, root }: Findings, models: string | undefined): Record<string, string> {
  if (!comfy) return { COMFYUI_COMMAND: '' };
  const own = (name: string) => `${placesIn(root).state}/comfyui/${name}/{worker}`;
  const apart = {
    '--output-directory': own('output'),
    '--temp-directory': own('temp'),
    '--user-directory': own('user'),
    '--database-url': `sqlite:///${own('user')}/comfyui.db`,
  };
  // The agent writes it. ComfyUI looks into its own folder in any case.
  const elsewhere =
    models === undefined || models === '' || models === ownModels(comfy)
      ? {}
      : { '--extra-model-paths-config': `${placesIn(root).state}/comfyui/extra_model_paths.yaml` };
  const known = Object.entries({ ...apart, ...elsewhere }).filter(([option]) =>
    comfy.options.includes(option),
  );
  const words = [comfy.python, `${comfy.folder}/main.py`, '--listen', '127.0.0.1', '--port', '{port}'];
  return {
    COMFYUI_COMMAND: [...words, ...known.flat()].map(word).join(' '),
    ...(comfy.options.includes('--output-directory') && { COMFYUI_OUTPUT_DIR: own('output') }),
  };
}

/** As the agent takes words apart: no shell, quotes as in one. */
function word(text: string): string {
  return /^[\w@%+=:,./{}-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function missingIn(
  entries: Readonly<Record<string, string>>,
  runtime: AgentSettings['runtime'],
): AgentSettings['missing'] {
  if (!entries.REDIS_HOST && !entries.INFERENCE_SERVER_REDIS_HOST)
    return {
      message: 'It is not known where the workshop’s Redis is.',
      remedy: 'Import the .env of the VPS, or connect this console to the workshop first.',
    };
  if (runtime === 'process' && !entries.COMFYUI_COMMAND)
    return {
      message: 'No ComfyUI was found on this machine.',
      remedy: 'Enter the command that starts it, with {port} where the port goes; or choose another runtime.',
    };
  if (runtime === 'external' && !entries.COMFYUI_URLS)
    return {
      message: 'It is not known where the running ComfyUI servers are.',
      remedy: 'Enter their addresses, such as http://127.0.0.1:8188; or choose another runtime.',
    };
  return null;
}
