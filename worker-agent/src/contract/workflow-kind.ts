/** What a list can know of a workflow without its body: node types and the model files it names. */
export interface WorkflowTraits {
  classTypes: readonly string[];
  models: readonly string[];
}

export type Media = 'image' | 'video' | 'audio' | '3d' | 'text' | 'other';

export interface WorkflowKind {
  /** A few words for people, e.g. "ltx2 text to video". */
  label: string;
  media: Media;
}

/** Model families by a piece of their file name or node type, most specific first. */
const FAMILIES: readonly [RegExp, string][] = [
  [/ltx-?_?(video-?)?2|ltxv?2/i, 'ltx2'],
  [/ltx/i, 'ltx'],
  [/wan[-_ .]?2[-_.]?2/i, 'wan2.2'],
  [/\bwan/i, 'wan'],
  [/hunyuan[-_ ]?video/i, 'hunyuan video'],
  [/hunyuan[-_ ]?image/i, 'hunyuan image'],
  [/hunyuan/i, 'hunyuan'],
  [/mochi/i, 'mochi'],
  [/skyreels/i, 'skyreels'],
  [/flux[-_.]?2/i, 'flux2'],
  [/flux/i, 'flux'],
  // Z-Image reads its prompt through a Qwen encoder, so its own name decides first.
  [/z[-_]?image/i, 'z-image'],
  [/qwen/i, 'qwen'],
  [/sd3|stable[-_ ]?diffusion[-_ ]?3/i, 'sd3'],
  [/juggernaut/i, 'juggernaut'],
  [/sd_?xl|xl_base/i, 'sdxl'],
  [/v1-5|sd1|sd_1/i, 'sd1.5'],
];

/** Names the kind of a workflow. Unknown pieces are left out rather than guessed. */
export function describeWorkflow(traits: WorkflowTraits): WorkflowKind {
  const types = traits.classTypes.join(' ');
  const names = traits.models.join(' ');
  const family =
    FAMILIES.find(([pattern]) => pattern.test(names))?.[1] ?? FAMILIES.find(([p]) => p.test(types))?.[1];
  const media = mediaOf(types);
  const fromImage = /\bLoadImage/.test(types);
  const upscale = /Upscale(Model|Image)/.test(types) && !/Sampler/.test(types);
  const act = upscale
    ? 'upscale'
    : media === 'video'
      ? fromImage
        ? 'image to video'
        : 'text to video'
      : media === 'image'
        ? fromImage
          ? 'image edit'
          : 'image'
        : media;
  return { label: family ? `${family} ${act}` : act === 'other' ? 'workflow' : act, media };
}

function mediaOf(types: string): Media {
  if (/SaveVideo|CreateVideo|VideoCombine|SaveWEBM|SaveAnimated|ToVideo|EmptyLTXV|LTXV/i.test(types))
    return 'video';
  if (/SaveGLB|3D/i.test(types)) return '3d';
  if (/SaveAudio|PreviewAudio/i.test(types)) return 'audio';
  if (/SaveImage|PreviewImage|VAEDecode|KSampler/i.test(types)) return 'image';
  return 'other';
}

const MODEL_FILE = /\.(safetensors|ckpt|pt|pth|bin|gguf|sft|onnx)$/i;

/** Traits of a parsed prompt: the node types and every literal that looks like a model file. */
export function traitsOfPrompt(
  nodes: Readonly<Record<string, { class_type: string; inputs: Record<string, unknown> }>>,
): WorkflowTraits {
  const classTypes = new Set<string>();
  const models = new Set<string>();
  for (const node of Object.values(nodes)) {
    classTypes.add(node.class_type);
    for (const value of Object.values(node.inputs))
      if (typeof value === 'string' && value.length < 300 && MODEL_FILE.test(value)) models.add(value);
  }
  return { classTypes: [...classTypes], models: [...models] };
}
