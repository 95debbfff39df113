import { openAsBlob } from 'node:fs';
import { WorkshopError } from '../contract/errors.ts';

/** Longest wait for one upload; a video over a slow link takes a while. */
const UPLOAD_LIMIT_MS = 600_000;

/**
 * Puts a file of this machine into the input folder of a ComfyUI server (POST /upload/image, contract 5.6; it takes
 * any kind of file), over an older one of that name.
 * @throws WorkshopError INPUT_FETCH; the signal's reason.
 */
export async function uploadInput(
  endpoint: string,
  path: string,
  to: { filename: string; subfolder: string },
  signal: AbortSignal,
): Promise<void> {
  const form = new FormData();
  form.set('image', await openAsBlob(path), to.filename);
  form.set('type', 'input');
  form.set('subfolder', to.subfolder);
  form.set('overwrite', 'true');
  let answer: Response;
  try {
    answer = await fetch(`${endpoint}/upload/image`, {
      method: 'POST',
      body: form,
      signal: AbortSignal.any([signal, AbortSignal.timeout(UPLOAD_LIMIT_MS)]),
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new WorkshopError('INPUT_FETCH', `ComfyUI at ${endpoint} did not take the input ${to.filename}.`, {
      remedy: "Look at the worker's ComfyUI server and its log.",
      cause,
    });
  }
  await answer.body?.cancel();
  if (answer.status === 200) return;
  const tooLarge = answer.status === 413;
  throw new WorkshopError(
    'INPUT_FETCH',
    `ComfyUI at ${endpoint} refused the input ${to.filename}${tooLarge ? ': it is too large' : ` (HTTP ${answer.status})`}.`,
    {
      remedy: tooLarge
        ? 'Start ComfyUI with a higher --max-upload-size, or set INPUTS_PATH to its input folder.'
        : 'Set INPUTS_PATH if the input folder of ComfyUI is on this machine.',
    },
  );
}
