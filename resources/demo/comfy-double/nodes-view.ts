/** LoadImage, and nodes that show something instead of saving it (recordings 14, 22). */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pngSize } from './media.ts';
import { type NodeClass, readText } from './node-types.ts';
import type { Json } from './python-json.ts';
import { pyStr } from './python-values.ts';
import { type ImageValue, isImage, isLiteral, tensorRepr } from './values.ts';

function fileStamp(
  inputs: ReadonlyMap<string, Json>,
  name: string,
  find: (text: string) => string | undefined,
): string {
  const value = inputs.get(name);
  const file = typeof value === 'string' ? find(value) : undefined;
  if (file === undefined) return '';
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return '';
  }
}

export const VIEW_NODES: readonly NodeClass[] = [
  {
    name: 'PreviewAny',
    displayName: 'Preview as Text',
    category: 'utils',
    pythonModule: 'comfy_extras.nodes_preview_any',
    required: { source: ['*', {}] },
    output: ['STRING'],
    outputNode: true,
    run(context) {
      const value = context.inputs.get('source');
      if (isImage(value)) {
        if (context.traits.modernObjectInfo) context.printOptions.edgeItems = 6;
        return { outputs: [], ui: new Map([['text', [tensorRepr(value, context.printOptions.edgeItems)]]]) };
      }
      const text = isLiteral(value) ? pyStr(value.value) : String(value?.kind);
      return { outputs: [], ui: new Map([['text', [text]]]) };
    },
  },
  {
    name: 'LoadImage',
    displayName: 'Load Image',
    category: 'image',
    pythonModule: 'nodes',
    required: { image: ['COMBO', { image_upload: true, options: [] }] },
    output: ['IMAGE', 'MASK'],
    choices: (folders) => [folders.inputFiles(), { image_upload: true }],
    validates: ['image'],
    validate(inputs, folders) {
      const name = inputs.get('image');
      const place = typeof name === 'string' ? folders.annotated(name, 'input') : undefined;
      try {
        if (place) {
          readFileSync(place.file);
          return undefined;
        }
      } catch {
        // reported below
      }
      return `Invalid image file: ${name === undefined ? '' : pyStr(name)}`;
    },
    isChanged: (inputs, folders) =>
      fileStamp(inputs, 'image', (text) => folders.annotated(text, 'input')?.file),
    run(context) {
      const name = readText(context, 'image');
      const place = context.folders.annotated(name, 'input');
      const bytes = place ? readFileSync(place.file) : Buffer.alloc(0);
      const size = pngSize(bytes) ?? { width: 1024, height: 1024 };
      const seed = BigInt(`0x${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`);
      const image: ImageValue = { kind: 'IMAGE', ...size, batch: 1, seed };
      return { outputs: [image, { kind: 'MASK', data: {} }] };
    },
  },
];
