/**
 * What travels over the links of a prompt. No pixel is ever computed: an image is a description that
 * SaveImage turns into a file, a model is a name and the memory it needs.
 */

import type { Json } from './python-json.ts';
import { pyRepr } from './python-values.ts';

/** A batch of images: one flat colour (EmptyImage), or a pattern drawn from a seed. */
export interface ImageValue {
  readonly kind: 'IMAGE';
  readonly width: number;
  readonly height: number;
  readonly batch: number;
  /** 0xRRGGBB of a flat image; undefined for a generated one. */
  readonly color?: number;
  readonly seed: bigint;
}

export interface LatentValue {
  readonly kind: 'LATENT';
  readonly width: number;
  readonly height: number;
  /** Images in a batch, or frames of a video. */
  readonly batch: number;
  readonly video: boolean;
  readonly seed: bigint;
  readonly color?: number;
}

/** A loaded model: what it is called and how much card memory it takes. */
export interface ModelValue {
  readonly kind: 'MODEL' | 'CLIP' | 'VAE' | 'CONTROL_NET' | 'UPSCALE_MODEL' | 'CLIP_VISION';
  readonly name: string;
  readonly vramBytes: number;
  /** Seconds one sampling step of a 1024 x 1024 image takes. */
  readonly secondsPerStep: number;
}

/** Anything that is only handed on: conditioning, noise, sigmas, audio, a video … */
export interface OpaqueValue {
  readonly kind: string;
  readonly data: Readonly<Record<string, NodeValue>>;
}

/** ExecutionBlocker: stops what depends on it, with a message or silently (recording 08). */
export interface BlockerValue {
  readonly kind: 'ExecutionBlocker';
  readonly message: string | null;
}

export interface LiteralValue {
  readonly kind: 'literal';
  readonly value: Json;
}

export type NodeValue = ImageValue | LatentValue | ModelValue | OpaqueValue | BlockerValue | LiteralValue;

export function literal(value: Json): LiteralValue {
  return { kind: 'literal', value };
}

export function isImage(value: NodeValue | undefined): value is ImageValue {
  return value?.kind === 'IMAGE' && 'width' in value;
}

export function isLatent(value: NodeValue | undefined): value is LatentValue {
  return value?.kind === 'LATENT' && 'video' in value;
}

export function isModel(value: NodeValue | undefined): value is ModelValue {
  return value !== undefined && 'vramBytes' in value;
}

export function isOpaque(value: NodeValue | undefined): value is OpaqueValue {
  return value !== undefined && 'data' in value;
}

export function isBlocker(value: NodeValue | undefined): value is BlockerValue {
  return value?.kind === 'ExecutionBlocker';
}

export function isLiteral(value: NodeValue | undefined): value is LiteralValue {
  return value?.kind === 'literal';
}

/** The flat colour or, for a generated image, one that stands for the seed. */
export function averageColor(image: { readonly color?: number; readonly seed: bigint }): number {
  return image.color ?? Number((image.seed * 2654435761n + 0x9e3779n) & 0xffffffn);
}

function channel(color: number, shift: number): string {
  const value = ((color >> shift) & 255) / 255;
  return Number.isInteger(value) ? `${value}.` : value.toFixed(4);
}

function ranges(count: number, edgeItems: number): (number | 'gap')[] {
  if (count <= 2 * edgeItems) return Array.from({ length: count }, (_, index) => index);
  const edge = Array.from({ length: edgeItems }, (_, index) => index);
  return [...edge, 'gap', ...edge];
}

/** repr(torch.Tensor) of a flat image, as it stands in current_inputs (recordings 06, 22). */
export function tensorRepr(image: ImageValue, edgeItems: number): string {
  const color = averageColor(image);
  const allWhole = [16, 8, 0].every((shift) => [0, 255].includes((color >> shift) & 255));
  const parts = [16, 8, 0].map((shift) => {
    const text = channel(color, shift);
    return allWhole ? text : text.replace(/^(\d)\.$/, '$1.0000');
  });
  const pixel = `[${parts.join(', ')}]`;
  const rows = ranges(image.width, edgeItems).map((item) => (item === 'gap' ? '...' : pixel));
  const row = `[${rows.join(',\n          ')}]`;
  const planes = ranges(image.height, edgeItems).map((item) => (item === 'gap' ? '...' : row));
  const plane = `[${planes.join(',\n\n         ')}]`;
  const batch = Array.from({ length: image.batch }, () => plane).join(',\n\n\n        ');
  return `tensor([${batch}])`;
}

/** How format_value() of execution.py shows an input in current_inputs. */
export function formatValue(value: NodeValue, edgeItems: number): Json {
  if (isLiteral(value)) {
    const inner = value.value;
    return inner instanceof Map || Array.isArray(inner) ? pyRepr(inner) : inner;
  }
  if (isImage(value)) return tensorRepr(value, edgeItems);
  return `<comfy.${value.kind} object at 0x7f3a5c0b2d90>`;
}
