/**
 * Small, valid media files written without any image library: PNG (zlib), JPEG (blocks of 8 x 8, which
 * is just what a latent preview looks like), WebP (one colour), and the shells of MP4, WebM and FLAC.
 */

import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import { averageColor, type ImageValue } from './values.ts';

const deflateAsync = promisify<Buffer, { level: number }, Buffer>(deflate);
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function pngChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length, 0);
  head.write(type, 4, 'latin1');
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(data, crc32(head.subarray(4))), 0);
  return Buffer.concat([head, data, tail]);
}

/** A smooth palette between two hues chosen by the seed, so that neighbours on the wall differ. */
function seededPalette(image: ImageValue): Buffer {
  const palette = Buffer.alloc(256 * 3);
  const from = averageColor(image);
  const to = averageColor({ seed: image.seed * 31n + 17n });
  for (let index = 0; index < 256; index += 1) {
    for (const [slot, shift] of [16, 8, 0].entries()) {
      const low = (from >> shift) & 255;
      const high = (to >> shift) & 255;
      palette[index * 3 + slot] = Math.round(low + ((high - low) * index) / 255);
    }
  }
  return palette;
}

/** Palette indices: waves that slide from row to row, copied from one base row. */
function indexedRows(image: ImageValue, frame: number): Buffer {
  const { width, height } = image;
  const rows = Buffer.alloc((width + 1) * height);
  if (image.color !== undefined) return rows;
  const phase = Number(image.seed % 6283n) / 1000 + frame / 7;
  const base = Buffer.alloc(width * 2);
  for (let x = 0; x < base.length; x += 1) {
    base[x] = Math.round(127.5 + 80 * Math.sin(phase + x / 97) + 47 * Math.sin(phase * 3 + x / 31));
  }
  for (let y = 0; y < height; y += 1) {
    const shift = Math.floor((width / 2) * (1 + Math.sin(phase + (Math.floor(y / 4) * 4) / 83)));
    base.copy(rows, y * (width + 1) + 1, shift, shift + width);
  }
  return rows;
}

/** An 8-bit palette PNG with tEXt chunks, as SaveImage adds prompt and workflow. */
export async function encodePng(
  image: ImageValue,
  frame = 0,
  texts: readonly (readonly [string, string])[] = [],
): Promise<Buffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(image.width, 0);
  header.writeUInt32BE(image.height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const color = averageColor(image);
  const flat = Buffer.from([(color >> 16) & 255, (color >> 8) & 255, color & 255]);
  const pixels = await deflateAsync(indexedRows(image, frame), { level: 1 });
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    pngChunk('PLTE', image.color === undefined ? seededPalette(image) : flat),
    ...texts.map(([key, text]) => pngChunk('tEXt', Buffer.from(`${key}\0${text}`, 'latin1'))),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Width and height of a PNG, for /view?preview=…; undefined for anything else. */
export function pngSize(bytes: Buffer): { width: number; height: number } | undefined {
  if (bytes.length < 24 || !bytes.subarray(0, 8).equals(PNG_SIGNATURE)) return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

// Standard luminance DC table of JPEG annex K: code lengths of the categories 0 to 11.
const DC_CODES: readonly (readonly [number, number])[] = [
  [0b00, 2],
  [0b010, 3],
  [0b011, 3],
  [0b100, 3],
  [0b101, 3],
  [0b110, 3],
  [0b1110, 4],
  [0b11110, 5],
  [0b111110, 6],
  [0b1111110, 7],
  [0b11111110, 8],
  [0b111111110, 9],
];
const DC_COUNTS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];

class BitWriter {
  readonly bytes: number[] = [];
  private pending = 0;
  private count = 0;

  put(value: number, length: number): void {
    for (let bit = length - 1; bit >= 0; bit -= 1) {
      this.pending = (this.pending << 1) | ((value >> bit) & 1);
      this.count += 1;
      if (this.count === 8) this.flushByte();
    }
  }

  private flushByte(): void {
    this.bytes.push(this.pending);
    if (this.pending === 0xff) this.bytes.push(0);
    this.pending = 0;
    this.count = 0;
  }

  finish(): void {
    while (this.count > 0) this.put(1, 1);
  }
}

function segment(marker: number, body: readonly number[]): number[] {
  const length = body.length + 2;
  return [0xff, marker, length >> 8, length & 255, ...body];
}

/** A baseline JPEG whose 8 x 8 blocks each have one colour, picked by `block(x, y)` as 0xRRGGBB. */
export function encodeJpeg(width: number, height: number, block: (x: number, y: number) => number): Buffer {
  const components = [1, 2, 3];
  const head = [
    0xff,
    0xd8,
    ...segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...segment(0xdb, [0, ...Array.from({ length: 64 }, () => 8)]),
    ...segment(0xc0, [
      8,
      height >> 8,
      height & 255,
      width >> 8,
      width & 255,
      3,
      ...components.flatMap((id) => [id, 0x11, 0]),
    ]),
    ...segment(0xc4, [0x00, ...DC_COUNTS, ...DC_CODES.map((_, category) => category)]),
    // The AC table knows one word only: end of block.
    ...segment(0xc4, [0x10, 1, ...Array.from({ length: 15 }, () => 0), 0x00]),
    ...segment(0xda, [3, ...components.flatMap((id) => [id, 0]), 0, 63, 0]),
  ];
  const bits = new BitWriter();
  const last = [0, 0, 0];
  for (let y = 0; y < Math.ceil(height / 8); y += 1) {
    for (let x = 0; x < Math.ceil(width / 8); x += 1) {
      const color = block(x, y);
      const [r, g, b] = [(color >> 16) & 255, (color >> 8) & 255, color & 255];
      const levels = [
        0.299 * r + 0.587 * g + 0.114 * b - 128,
        -0.1687 * r - 0.3313 * g + 0.5 * b,
        0.5 * r - 0.4187 * g - 0.0813 * b,
      ];
      for (const [index, level] of levels.entries()) {
        // A flat block of level L has the DC coefficient 8 L; the quantiser divides it by 8.
        const quantised = Math.round(level);
        const difference = quantised - (last[index] ?? 0);
        last[index] = quantised;
        const category = difference === 0 ? 0 : 32 - Math.clz32(Math.abs(difference));
        const [code, length] = DC_CODES[category] ?? [0, 2];
        bits.put(code, length);
        bits.put(difference < 0 ? difference + (1 << category) - 1 : difference, category);
        bits.put(0, 1);
      }
    }
  }
  bits.finish();
  return Buffer.from([...head, ...bits.bytes, 0xff, 0xd9]);
}

/** A preview frame: noise that settles while `progress` goes from 0 to 1. */
export function encodePreviewJpeg(image: ImageValue, progress: number): Buffer {
  const width = Math.min(512, image.width);
  const height = Math.max(8, Math.round((width * image.height) / image.width));
  const color = averageColor(image);
  const seed = Number(image.seed & 0xffffn);
  return encodeJpeg(width, height, (x, y) => {
    const noise = ((x * 7919 + y * 104729 + seed * 31) % 251) - 125;
    const mix = (shift: number) => {
      const level = ((color >> shift) & 255) + noise * (1 - progress) + 20 * Math.sin((x + y + seed) / 3);
      return Math.max(0, Math.min(255, Math.round(level)));
    };
    return (mix(16) << 16) | (mix(8) << 8) | mix(0);
  });
}

/** A lossless WebP of one colour: every prefix code has a single symbol, so no pixel takes a bit. */
export function encodeWebp(width: number, height: number, color: number): Buffer {
  const bits: number[] = [];
  const put = (value: number, length: number) => {
    for (let bit = 0; bit < length; bit += 1) bits.push((value >> bit) & 1);
  };
  put(0x2f, 8);
  put(width - 1, 14);
  put(height - 1, 14);
  put(0, 1 + 3); // no alpha, version 0
  put(0, 1); // no transform
  put(0, 1); // no colour cache
  put(0, 1); // one prefix code group
  const simpleCode = (symbol: number) => {
    put(1, 1);
    put(0, 1);
    put(1, 1);
    put(symbol, 8);
  };
  for (const symbol of [(color >> 8) & 255, (color >> 16) & 255, color & 255, 255, 0]) simpleCode(symbol);
  const data = Buffer.alloc(Math.ceil(bits.length / 16) * 2);
  for (const [index, bit] of bits.entries())
    data[index >> 3] = (data[index >> 3] ?? 0) | (bit << (index & 7));
  const head = Buffer.alloc(20);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(12 + data.length, 4);
  head.write('WEBPVP8L', 8, 'latin1');
  head.writeUInt32LE(data.length, 16);
  return Buffer.concat([head, data]);
}

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** ftyp, moov (duration only) and an mdat whose size grows with the number of frames. */
export function encodeMp4(image: ImageValue, framesPerSecond: number): Buffer {
  const header = Buffer.alloc(100);
  header.writeUInt32BE(1000, 12);
  header.writeUInt32BE(Math.round((image.batch * 1000) / Math.max(1, framesPerSecond)), 16);
  header.writeUInt32BE(0x00010000, 20);
  header.writeUInt16BE(0x0100, 24);
  for (const [offset, value] of [
    [36, 0x00010000],
    [52, 0x00010000],
    [68, 0x40000000],
    [96, 2],
  ] as const) {
    header.writeUInt32BE(value, offset);
  }
  const frames = Buffer.alloc(64 * Math.max(1, image.batch));
  for (let index = 0; index < frames.length; index += 1) {
    frames[index] = Number((image.seed + BigInt(index * 2654435761)) & 255n);
  }
  return Buffer.concat([
    box('ftyp', Buffer.from('isom\0\0\x02\0isomiso2avc1mp41', 'latin1')),
    box('free'),
    box('mdat', frames),
    box('moov', box('mvhd', header)),
  ]);
}

/** An EBML head that says webm, and nothing in it. */
export function encodeWebm(): Buffer {
  return Buffer.from(
    '1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806701ffffffffffffff',
    'hex',
  );
}

/** A FLAC stream header (44.1 kHz, stereo) without frames. */
export function encodeFlac(): Buffer {
  const info = Buffer.alloc(42);
  info.write('fLaC', 0, 'latin1');
  info.set([0x80, 0, 0, 34, 0x10, 0, 0x10, 0], 4);
  info.set([0x0a, 0xc4, 0x42, 0xf0], 18);
  return info;
}
