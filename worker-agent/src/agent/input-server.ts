import type { ComfyServer } from '../comfy/roles.ts';
import { uploadInput } from '../comfy/upload-input.ts';
import { toWorkshopError } from '../contract/errors.ts';
import type { InputServer } from '../outputs/roles.ts';

/** A ComfyUI server in the part that the supply of inputs gives it. */
export function inputServer(comfy: Pick<ComfyServer, 'endpoint' | 'view'>): InputServer {
  return {
    endpoint: comfy.endpoint,
    async has(file, signal) {
      try {
        // ComfyUI has no cheaper question; the answer's head is enough.
        const body = await comfy.view({ ...file, nodeId: '', group: '' }, signal);
        await body.cancel();
        return true;
      } catch (cause) {
        signal.throwIfAborted();
        const { code } = toWorkshopError(cause, 'COMFY_UNREACHABLE');
        // 400 and 403 say that the name itself is not acceptable (contract 5.6): such a file is not there either.
        if (code === 'NOT_FOUND' || code === 'COMFY_PROTOCOL') return false;
        throw cause;
      }
    },
    upload: (path, to, signal) => uploadInput(comfy.endpoint, path, to, signal),
  };
}
