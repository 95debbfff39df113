import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Where the host's folders appear inside the container. */
export const MODELS_TARGET = '/models';
export const CUSTOM_NODES_TARGET = '/custom_nodes';

/**
 * ComfyUI's kinds of model and the folders of each, from ComfyUI's own folder_paths (0.9 to 0.33). A kind that a
 * version does not know is harmless there; a kind that is left out makes its files invisible (contract 3.2).
 */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  checkpoints: ['checkpoints'],
  configs: ['configs'],
  loras: ['loras'],
  vae: ['vae'],
  text_encoders: ['text_encoders', 'clip'],
  diffusion_models: ['diffusion_models', 'unet'],
  clip_vision: ['clip_vision'],
  style_models: ['style_models'],
  embeddings: ['embeddings'],
  diffusers: ['diffusers'],
  vae_approx: ['vae_approx'],
  controlnet: ['controlnet', 't2i_adapter'],
  gligen: ['gligen'],
  upscale_models: ['upscale_models'],
  latent_upscale_models: ['latent_upscale_models'],
  hypernetworks: ['hypernetworks'],
  photomaker: ['photomaker'],
  classifiers: ['classifiers'],
  model_patches: ['model_patches'],
  audio_encoders: ['audio_encoders'],
};

/**
 * The text of extra_model_paths.yaml. Folders of kinds that custom nodes bring along (ipadapter, ultralytics …) are
 * taken from what lies in the models folder.
 * @param folders names of the folders directly in the models folder.
 * @param base the models folder as ComfyUI sees it.
 */
export function extraModelPaths(
  folders: readonly string[],
  customNodes: boolean,
  base = MODELS_TARGET,
): string {
  const known = new Set([...Object.keys(KINDS), ...Object.values(KINDS).flat()]);
  const others = folders.filter((name) => !known.has(name) && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name));
  const models: Record<string, string> = { base_path: base };
  for (const [kind, names] of Object.entries(KINDS))
    models[kind] = names.map((name) => `${name}/`).join('\n');
  for (const name of others.sort()) models[name] = `${name}/`;
  return stringify({
    workshop_models: models,
    ...(customNodes ? { workshop_nodes: { custom_nodes: CUSTOM_NODES_TARGET } } : {}),
  });
}

/** The folder that really holds the models: the platform keeps them in `shared/` of its MODELS_PATH (contract 3.2). */
export function modelsFolder(modelsPath: string): string {
  const shared = join(modelsPath, 'shared');
  return existsSync(shared) ? shared : modelsPath;
}

/** Names of the folders directly in `path`; none when it cannot be read. */
export function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
