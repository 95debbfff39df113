/** Nodes that write files, and the ones that show text or images in the browser (recordings 14, 22). */

import { encodeFlac, encodeMp4, encodePng, encodeWebm, encodeWebp } from './media.ts';
import {
  findOpaque,
  floatInput,
  intInput,
  type NodeClass,
  type NodeContext,
  type NodeResult,
  readImage,
  readNumber,
  readText,
} from './node-types.ts';
import type { FolderType, SavedFile } from './output-files.ts';
import { PythonError } from './python-errors.ts';
import { dumpJson, type Json, PyFloat } from './python-json.ts';
import { averageColor, type ImageValue, isImage, isLiteral } from './values.ts';

const HIDDEN = { prompt: 'PROMPT', extra_pnginfo: 'EXTRA_PNGINFO' };
const PREFIX_TOOLTIP =
  'The prefix for the file to save. This may include formatting information such as %date:yyyy-MM-dd% or ' +
  '%Empty Latent Image.width% to include values from nodes.';

function fileItems(files: readonly SavedFile[]): Json[] {
  return files.map((file) => new Map<string, Json>(Object.entries(file)));
}

function imagesUi(files: readonly SavedFile[], animated = false): ReadonlyMap<string, Json> {
  const ui = new Map<string, Json>([['images', fileItems(files)]]);
  if (animated) ui.set('animated', [true]);
  return ui;
}

/** prompt and workflow as the tEXt chunks of a saved PNG; a non-object extra_pnginfo fails (recording 25). */
function metadata(context: NodeContext): (readonly [string, string])[] {
  const texts: (readonly [string, string])[] = [['prompt', dumpJson(context.prompt)]];
  const extra = context.extraPnginfo;
  if (extra === undefined || extra === null) return texts;
  if (!(extra instanceof Map)) {
    throw new PythonError('TypeError', "string indices must be integers, not 'str'", [
      ['nodes.py', context.traits.saveMetadataLine, 'save_images'],
    ]);
  }
  for (const [key, value] of extra) texts.push([key, dumpJson(value)]);
  return texts;
}

async function savePngs(context: NodeContext, prefix: string, type: FolderType): Promise<NodeResult> {
  const image = readImage(context, 'images');
  const target = context.folders.savePath(prefix, type, image);
  const texts = metadata(context);
  const files: SavedFile[] = [];
  for (let index = 0; index < image.batch; index += 1) {
    const number = String(target.counter + index).padStart(5, '0');
    const name = `${target.filename.replaceAll('%batch_num%', String(index))}_${number}_.png`;
    files.push(context.folders.write(target, name, await encodePng(image, index, texts), type));
  }
  return { outputs: context.traits.modernObjectInfo ? [image] : [], ui: imagesUi(files) };
}

function saveOne(
  context: NodeContext,
  size: { width: number; height: number },
  extension: string,
  bytes: Buffer,
): SavedFile {
  const target = context.folders.savePath(readText(context, 'filename_prefix'), 'output', size);
  const number = String(target.counter).padStart(5, '0');
  return context.folders.write(target, `${target.filename}_${number}_.${extension}`, bytes, 'output');
}

function animatedImage(name: string, extension: string, more: NodeClass['required']): NodeClass {
  return {
    name,
    category: 'image/animation',
    pythonModule: 'comfy_extras.nodes_images',
    required: {
      images: ['IMAGE'],
      filename_prefix: ['STRING', { default: 'ComfyUI' }],
      ...more,
    },
    hidden: HIDDEN,
    output: [],
    outputNode: true,
    async run(context) {
      const image = readImage(context, 'images');
      const color = averageColor(image);
      const encoders: Readonly<Record<string, () => Promise<Buffer> | Buffer>> = {
        png: () => encodePng(image),
        webp: () => encodeWebp(image.width, image.height, color),
        webm: () => encodeWebm(),
      };
      const bytes = await (encoders[extension] ?? encodeWebm)();
      return { outputs: [], ui: imagesUi([saveOne(context, image, extension, bytes)], true) };
    },
  };
}

function audioNode(name: string, displayName: string, type: FolderType): NodeClass {
  return {
    name,
    displayName,
    category: 'audio',
    pythonModule: 'comfy_extras.nodes_audio',
    required:
      type === 'temp'
        ? { audio: ['AUDIO'] }
        : { audio: ['AUDIO'], filename_prefix: ['STRING', { default: 'audio/ComfyUI' }] },
    hidden: HIDDEN,
    output: [],
    outputNode: true,
    run(context) {
      const prefix = type === 'temp' ? tempPrefix(context) : readText(context, 'filename_prefix');
      const target = context.folders.savePath(prefix, type, { width: 0, height: 0 });
      const file = `${target.filename}_${String(target.counter).padStart(5, '0')}_.flac`;
      const saved = context.folders.write(target, file, encodeFlac(), type);
      return { outputs: [], ui: new Map([['audio', fileItems([saved])]]) };
    },
  };
}

/** PreviewImage draws five letters per execution, as ComfyUI does. */
function tempPrefix(context: NodeContext): string {
  const letters = 'abcdefghijklmnopqrstupvxyz';
  const draw = () => letters[Math.floor(context.random() * letters.length)];
  return `ComfyUI_temp_${Array.from({ length: 5 }, draw).join('')}`;
}

export const SAVE_NODES: readonly NodeClass[] = [
  {
    name: 'SaveImage',
    displayName: 'Save Image',
    description: 'Saves the input images to your ComfyUI output directory.',
    category: 'image',
    pythonModule: 'nodes',
    required: {
      images: ['IMAGE', { tooltip: 'The images to save.' }],
      filename_prefix: ['STRING', { default: 'ComfyUI', tooltip: PREFIX_TOOLTIP }],
    },
    hidden: HIDDEN,
    output: ['IMAGE'],
    outputName: ['images'],
    outputNode: true,
    searchAliases: ['save', 'save image', 'export image', 'output image', 'write image', 'download'],
    essentialsCategory: 'Basics',
    run: (context) => savePngs(context, readText(context, 'filename_prefix', 'ComfyUI'), 'output'),
  },
  {
    name: 'PreviewImage',
    displayName: 'Preview Image',
    description: 'Saves the input images to your ComfyUI output directory.',
    category: 'image',
    pythonModule: 'nodes',
    required: { images: ['IMAGE'] },
    hidden: HIDDEN,
    output: ['IMAGE'],
    outputNode: true,
    run: (context) => savePngs(context, tempPrefix(context), 'temp'),
  },
  animatedImage('SaveAnimatedWEBP', 'webp', {
    fps: floatInput(6, 0.01, 1000, 0.01),
    lossless: ['BOOLEAN', { default: true }],
    quality: intInput(80, 0, 100),
    method: [['default', 'fastest', 'slowest']],
  }),
  animatedImage('SaveAnimatedPNG', 'png', {
    fps: floatInput(6, 0.01, 1000, 0.01),
    compress_level: intInput(4, 0, 9),
  }),
  animatedImage('SaveWEBM', 'webm', {
    codec: [['vp9', 'av1']],
    fps: floatInput(24, 0.01, 1000, 0.01),
    crf: floatInput(32, 0, 63, 1),
  }),
  {
    name: 'CreateVideo',
    displayName: 'Create Video',
    description: 'Create a video from images.',
    category: 'image/video',
    pythonModule: 'comfy_extras.nodes_video',
    required: { images: ['IMAGE'], fps: floatInput(30, 1, 120, 1) },
    optional: { audio: ['AUDIO'] },
    output: ['VIDEO'],
    run(context) {
      const images = readImage(context, 'images');
      const fps = { kind: 'literal', value: Math.round(readNumber(context, 'fps')) } as const;
      return { outputs: [{ kind: 'VIDEO', data: { images, fps } }] };
    },
  },
  {
    name: 'SaveVideo',
    displayName: 'Save Video',
    description: 'Saves the input images to your ComfyUI output directory.',
    category: 'image/video',
    pythonModule: 'comfy_extras.nodes_video',
    required: {
      video: ['VIDEO', { tooltip: 'The video to save.' }],
      filename_prefix: ['STRING', { default: 'video/ComfyUI', tooltip: PREFIX_TOOLTIP }],
      format: [
        'COMBO',
        {
          default: 'auto',
          tooltip: 'The format to save the video as.',
          multiselect: false,
          options: ['auto', 'mp4'],
        },
      ],
      codec: [
        'COMBO',
        {
          default: 'auto',
          tooltip: 'The codec to use for the video.',
          multiselect: false,
          options: ['auto', 'h264'],
        },
      ],
    },
    hidden: HIDDEN,
    output: [],
    outputNode: true,
    async run(context) {
      const video = findOpaque(context, 'video');
      const images = video?.data.images;
      const image: ImageValue = isImage(images)
        ? images
        : { kind: 'IMAGE', width: 0, height: 0, batch: 1, seed: 0n };
      const fps = video?.data.fps;
      const rate = isLiteral(fps) && typeof fps.value === 'number' ? fps.value : 24;
      // Encoding is silent: about 200 frames of a 1280 x 720 video per second, nothing for a thumbnail.
      await context.sleep((image.batch * image.width * image.height) / (200 * 1280 * 720));
      return { outputs: [], ui: imagesUi([saveOne(context, image, 'mp4', encodeMp4(image, rate))], true) };
    },
  },
  {
    name: 'VHS_VideoCombine',
    displayName: 'Video Combine',
    category: 'Video Helper Suite',
    pythonModule: 'custom_nodes.ComfyUI-VideoHelperSuite',
    required: {
      images: ['IMAGE'],
      frame_rate: floatInput(8, 1, 1000, 1),
      loop_count: intInput(0, 0, 100),
      filename_prefix: ['STRING', { default: 'AnimateDiff' }],
      format: [['image/gif', 'image/webp', 'video/h264-mp4', 'video/h265-mp4', 'video/webm']],
      pingpong: ['BOOLEAN', { default: false }],
      save_output: ['BOOLEAN', { default: true }],
    },
    optional: { audio: ['AUDIO'] },
    hidden: HIDDEN,
    output: ['VHS_FILENAMES'],
    outputNode: true,
    async run(context) {
      const image = readImage(context, 'images');
      const rate = readNumber(context, 'frame_rate');
      await context.sleep((image.batch * image.width * image.height) / (200 * 1280 * 720));
      const saved = saveOne(context, image, 'mp4', encodeMp4(image, rate));
      const [item] = fileItems([saved]);
      if (item instanceof Map) item.set('format', 'video/h264-mp4').set('frame_rate', new PyFloat(rate));
      return { outputs: [], ui: new Map([['gifs', item === undefined ? [] : [item]]]) };
    },
  },
  audioNode('SaveAudio', 'Save Audio (FLAC)', 'output'),
  audioNode('PreviewAudio', 'Preview Audio', 'temp'),
  {
    name: 'SaveImageWebsocket',
    category: 'api/image',
    pythonModule: 'custom_nodes.websocket_image_save',
    required: { images: ['IMAGE'] },
    output: [],
    outputNode: true,
    async run(context) {
      const image = readImage(context, 'images');
      for (let index = 0; index < image.batch; index += 1) {
        await context.tick(index, image.batch, { image, format: 'PNG' });
      }
      return { outputs: [] };
    },
  },
];
