import type { InputRequest } from '../roles.ts';

/** A file that a node of the prompt names by a literal, as ComfyUI reads such names (contract 5.6, 7). */
export interface NamedInput {
  nodeId: string;
  classType: string;
  /** Name of the node's input. */
  input: string;
  /** Without ` [input]`; as the prompt spells it. */
  path: string;
  /** Which of ComfyUI's folders it is in. */
  type: 'input' | 'output';
  /** The node surely loads it; otherwise the literal only looks like a file. */
  certain: boolean;
}

const FILE_INPUTS = new Set(['image', 'video', 'audio', 'file', 'mask', 'latent', 'model_file']);
/** ComfyUI's own loaders: whatever they name is a file. */
const LOADERS = new Set([
  'LoadImage',
  'LoadImageMask',
  'LoadImageOutput',
  'LoadVideo',
  'LoadAudio',
  'LoadLatent',
]);
/** Nodes that read what they name by themselves, from anywhere. */
const OTHER_SOURCES = /(Path|URL|Url|Base64)$/;
const MEDIA =
  /\.(png|jpe?g|webp|gif|bmp|tiff?|avif|exr|mp4|mov|webm|mkv|avi|m4v|mp3|wav|flac|ogg|opus|m4a|aac|glb|gltf|obj|fbx|stl|ply|latent)$/i;
const LONGEST = 1000;

/** All files that the prompt names. Links to other nodes, addresses and nodes that read paths of their own are not. */
export function namedInputs(nodes: InputRequest['nodes']): NamedInput[] {
  return Object.entries(nodes).flatMap(([nodeId, { class_type: classType, inputs }]) => {
    if (OTHER_SOURCES.test(classType)) return [];
    const certain = /^(VHS_)?Load/.test(classType);
    return Object.entries(inputs).flatMap(([input, value]): NamedInput[] => {
      if (!FILE_INPUTS.has(input) || typeof value !== 'string') return [];
      const name = annotated(value.slice(0, LONGEST + 1));
      if (name.path === '' || value.length > LONGEST || /^none$/i.test(name.path)) return [];
      if (name.type === 'temp' || /^([a-z][a-z0-9+.-]*:\/\/|data:|blake3:)/i.test(name.path)) return [];
      if (!MEDIA.test(name.path) && !LOADERS.has(classType)) return [];
      return [{ nodeId, classType, input, path: name.path, type: name.type, certain }];
    });
  });
}

/** `name [output]` names a file in another of ComfyUI's folders. */
function annotated(value: string): { path: string; type: 'input' | 'output' | 'temp' } {
  const match = /^([\s\S]*?) ?\[(input|output|temp)\]$/.exec(value);
  const type = match?.[2];
  return type === 'input' || type === 'output' || type === 'temp'
    ? { path: match?.[1] ?? '', type }
    : { path: value, type: 'input' };
}

/**
 * The steps of a relative path, or undefined when it leads out of its folder or is no path at all: `..`, a leading
 * slash, a backslash, control characters.
 */
export function safeSteps(path: string): string[] | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (path.startsWith('/') || /[\\\u0000-\u001f\u007f]/.test(path)) return undefined;
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  return steps.length === 0 || steps.includes('..') ? undefined : steps;
}

/** Whether a first step is the folder of another user: it has the form of this user's id with another number. */
export function isForeignFolder(step: string, userId: string): boolean {
  const form = /^(.*?)\d+$/.exec(userId)?.[1];
  return (
    form !== undefined && step !== userId && /^\d+$/.test(step.slice(form.length)) && step.startsWith(form)
  );
}
