import type { Docker } from './docker.ts';

/** A first pull of a CUDA image over a slow line, or a build with torch, takes this long at most. */
const PATIENCE_MS = 2 * 60 * 60 * 1000;

/**
 * Sees to it that the image is on this machine: as it is, built from `buildContext`, or pulled.
 * @param onNote told how far it is, in a few words, whenever that changes.
 * @throws WorkshopError RUNTIME_START; AbortError.
 */
export async function ensureImage(
  docker: Docker,
  image: string,
  buildContext: string | null,
  onNote: (note: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const present = await docker.run(['image', 'inspect', '--format', '{{.Id}}', image], { signal });
  if (present.kind === 'done' && present.code === 0) return;
  const onLine = (follow: (line: string) => string | null) => {
    let last = '';
    return (line: string) => {
      const note = follow(line);
      if (note === null || note === last) return;
      last = note;
      onNote(note);
    };
  };
  if (buildContext === null) {
    onNote(`pulling ${image}`);
    await docker.must(`The image ${image} could not be pulled`, ['pull', image], {
      timeoutMs: PATIENCE_MS,
      signal,
      onLine: onLine(pullProgress()),
    });
  } else {
    onNote(`building ${image}`);
    await docker.must(`The image ${image} could not be built`, ['build', '--tag', image, buildContext], {
      timeoutMs: PATIENCE_MS,
      signal,
      onLine: onLine(buildProgress),
    });
  }
}

/** Follows the lines of `docker pull`, which name each layer and what became of it. */
export function pullProgress(): (line: string) => string | null {
  const done = new Map<string, boolean>();
  return (line) => {
    const [, layer, fate] = line.match(/^([0-9a-f]{12}): (.+)$/) ?? [];
    if (layer === undefined || fate === undefined) return null;
    done.set(layer, /^(Pull complete|Already exists)/.test(fate) || done.get(layer) === true);
    const complete = [...done.values()].filter(Boolean).length;
    return `pulling the image: ${complete} of ${done.size} layers`;
  };
}

/** Follows the lines of `docker build`, by the old builder (`Step 3/9 : RUN …`) or BuildKit (`#7 [3/9] RUN …`). */
export function buildProgress(line: string): string | null {
  const step = line.match(/^Step (\d+)\/(\d+)/) ?? line.match(/^#\d+ \[(?:[^\]]*\s)?(\d+)\/(\d+)\]/);
  return step ? `building the image: step ${step[1]} of ${step[2]}` : null;
}
