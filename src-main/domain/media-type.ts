/** An image or video that a browser shows and that holds no scripts, told by its first bytes, whatever its name. */
export function mediaTypeOf(bytes: Uint8Array): { kind: 'image' | 'video'; mime: string } | undefined {
  const text = (from: number, length: number) => String.fromCharCode(...bytes.subarray(from, from + length));
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return { kind: 'image', mime: 'image/png' };
  if (text(0, 3) === '\xff\xd8\xff') return { kind: 'image', mime: 'image/jpeg' };
  if (text(0, 4) === 'GIF8') return { kind: 'image', mime: 'image/gif' };
  if (text(0, 4) === 'RIFF' && text(8, 4) === 'WEBP') return { kind: 'image', mime: 'image/webp' };
  if (text(4, 4) === 'ftyp')
    return text(8, 4) === 'avif'
      ? { kind: 'image', mime: 'image/avif' }
      : { kind: 'video', mime: 'video/mp4' };
  if (text(0, 4) === '\x1aE\xdf\xa3') return { kind: 'video', mime: 'video/webm' };
  return undefined;
}
