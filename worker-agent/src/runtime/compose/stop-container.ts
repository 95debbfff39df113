import type { Docker } from './docker.ts';
import { succeeded } from './docker.ts';

/** Stops a container; Docker kills it after `graceMs`. One that is gone or stopped already is fine. @throws WorkshopError RUNTIME_START. */
export async function stopContainer(docker: Docker, id: string, graceMs: number): Promise<void> {
  const seconds = Math.ceil(graceMs / 1000);
  await gone(
    docker,
    'The ComfyUI container could not be stopped',
    ['stop', '--time', String(seconds), id],
    graceMs,
  );
}

/** Removes a container; whatever still runs in it is killed. @throws WorkshopError RUNTIME_START. */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
  await gone(docker, 'The ComfyUI container could not be removed', ['rm', '--force', '--volumes', id], 0);
}

async function gone(docker: Docker, what: string, args: readonly string[], graceMs: number): Promise<void> {
  const result = await docker.run(args, { timeoutMs: graceMs + 60_000 });
  if (result.kind === 'done' && /no such container|removal .* already in progress/i.test(result.stderr))
    return;
  succeeded(what, result);
}
