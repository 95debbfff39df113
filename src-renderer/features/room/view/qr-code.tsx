import { useMemo } from 'react';
import { encode } from 'uqr';

/** Modules of white around the code; scanners need four. */
const QUIET = 4;

/** An address as a QR code: black on white, whatever the page's colours, with its quiet zone. Text alone names it. */
export function QrCode({ text, className }: { text: string; className: string | undefined }) {
  const { size, path } = useMemo(() => drawn(text), [text]);
  return (
    <svg
      className={className}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={`QR code of ${text}`}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

/** One run of black modules is one rectangle of the path. */
function drawn(text: string): { size: number; path: string } {
  const { data, size } = encode(text, { ecc: 'M', boostEcc: true, border: QUIET });
  const runs = data.flatMap((row, y) => {
    const found: string[] = [];
    for (let x = 0; x < size; x += 1) {
      const from = x;
      while (row[x]) x += 1;
      if (x > from) found.push(`M${from} ${y}h${x - from}v1h-${x - from}z`);
    }
    return found;
  });
  return { size, path: runs.join('') };
}
