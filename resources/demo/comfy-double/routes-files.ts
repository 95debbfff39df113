/** GET /view and POST /upload/image (contract 5.6, 5.11.13; recording 13). */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { emptyAnswer, type HttpAnswer, type HttpRequest, jsonAnswer, type Route, route } from './http.ts';
import { encodeJpeg, encodeWebp, pngSize } from './media.ts';
import { type ComfyFolders, type FolderType, isFolderType, isInside } from './output-files.ts';
import { averageColor } from './values.ts';
import type { VersionTraits } from './versions.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
  '.flac': 'audio/flac',
  '.mp3': 'audio/mpeg',
  '.wav': 'audio/x-wav',
  '.txt': 'text/plain',
  '.json': 'application/json',
  '.glb': 'model/gltf-binary',
};

/** Name without its ` [input]`, and the folder it names. */
function annotated(name: string): { name: string; type: FolderType | undefined } {
  const match = /^(.*) \[(output|input|temp)\]$/.exec(name);
  const type = match?.[2];
  return { name: match?.[1] ?? name, type: type !== undefined && isFolderType(type) ? type : undefined };
}

function ranged(bytes: Buffer, header: string | undefined, headers: Record<string, string>): HttpAnswer {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (!match || (from === '' && to === '')) return { status: 200, headers, body: bytes };
  const start = from === '' ? Math.max(0, bytes.length - Number(to)) : Number(from);
  const end = from === '' || to === '' ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1);
  if (start >= bytes.length || start > end) {
    return { status: 416, headers: { 'content-range': `bytes */${bytes.length}` } };
  }
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${bytes.length}` },
    body: bytes.subarray(start, end + 1),
  };
}

/** preview=webp;90: an image of the same size; anything but jpeg becomes webp. */
function preview(bytes: Buffer, format: string, disposition: string): HttpAnswer {
  const { width, height } = pngSize(bytes) ?? { width: 64, height: 64 };
  const color = averageColor({
    seed: BigInt(`0x${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`),
  });
  const jpeg = format.split(';')[0] === 'jpeg';
  return {
    status: 200,
    headers: { 'content-type': jpeg ? 'image/jpeg' : 'image/webp', 'content-disposition': disposition },
    body: jpeg ? encodeJpeg(width, height, () => color) : encodeWebp(width, height, color),
  };
}

function view(request: HttpRequest, folders: ComfyFolders, traits: VersionTraits): HttpAnswer {
  const { query } = request;
  const given = query.get('filename');
  if (given === null) return emptyAnswer(404);
  const { name, type: namedType } = annotated(given);
  if (name === '' || name.startsWith('/') || name.includes('..')) return emptyAnswer(400);
  const type = query.get('type') ?? namedType ?? 'output';
  if (!isFolderType(type)) return emptyAnswer(400);
  const base = folders.folder(type);
  const folder = path.resolve(base, query.get('subfolder') ?? '');
  if (!isInside(base, folder)) return emptyAnswer(403);
  const file = path.join(folder, path.basename(name));
  if (!existsSync(file) || !statSync(file).isFile()) return emptyAnswer(404);
  const bytes = readFileSync(file);
  const disposition = `filename="${path.basename(name)}"`;
  const format = query.get('preview');
  if (format !== null) return preview(bytes, format, disposition);
  const channel = query.get('channel');
  if (channel === 'rgb' || channel === 'a') {
    return {
      status: 200,
      headers: { 'content-type': 'image/png', 'content-disposition': disposition },
      body: bytes,
    };
  }
  const headers: Record<string, string> = {
    'content-type': CONTENT_TYPES[path.extname(name).toLowerCase()] ?? 'application/octet-stream',
    'content-disposition': disposition,
    'accept-ranges': 'bytes',
  };
  if (traits.nosniff) headers['x-content-type-options'] = 'nosniff';
  return ranged(bytes, request.headers.range, headers);
}

async function readForm(request: HttpRequest): Promise<FormData> {
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  return await new Response(new Uint8Array(request.body), { headers }).formData();
}

function textField(form: FormData, name: string): string | undefined {
  const value = form.get(name);
  return typeof value === 'string' ? value : undefined;
}

async function uploadImage(request: HttpRequest, folders: ComfyFolders): Promise<HttpAnswer> {
  const form = await readForm(request);
  const image = form.get('image');
  if (image === null || typeof image === 'string' || image.name === '') return emptyAnswer(400);
  const type = textField(form, 'type') ?? 'input';
  if (!isFolderType(type)) throw new Error(`unknown type ${type}`);
  const base = folders.folder(type);
  const subfolder = textField(form, 'subfolder') ?? '';
  const folder = path.resolve(base, path.normalize(subfolder));
  if (!isInside(base, path.resolve(folder, image.name))) return emptyAnswer(400);
  mkdirSync(folder, { recursive: true });
  const bytes = Buffer.from(await image.arrayBuffer());
  const extension = path.extname(image.name);
  const stem = image.name.slice(0, image.name.length - extension.length);
  let name = image.name;
  const overwrite = textField(form, 'overwrite');
  if (overwrite !== 'true' && overwrite !== '1') {
    for (let copy = 1; existsSync(path.join(folder, name)); copy += 1) {
      if (readFileSync(path.join(folder, name)).equals(bytes)) return jsonAnswer({ name, subfolder, type });
      name = `${stem} (${copy})${extension}`;
    }
  }
  writeFileSync(path.join(folder, name), bytes);
  return jsonAnswer({ name, subfolder, type });
}

export function fileRoutes(folders: ComfyFolders, traits: VersionTraits): Route[] {
  return [
    route('GET', '/view', (request) => view(request, folders, traits)),
    route('POST', '/upload/image', (request) => uploadImage(request, folders)),
  ];
}
