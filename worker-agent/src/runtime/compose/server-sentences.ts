import { type ErrorInfo, WorkshopError } from '../../contract/errors.ts';

/** What a host reads about a ComfyUI container that is not as it should be; crashes have their own file. */
export const sentences = {
  stuck: (workerId: string): ErrorInfo =>
    new WorkshopError(
      'COMFY_STUCK',
      `ComfyUI of ${workerId} answers but no longer computes, so it is restarted.`,
    ).toInfo(),

  slow: (workerId: string, upMs: number, containerName: string): ErrorInfo =>
    new WorkshopError(
      'RUNTIME_START',
      `ComfyUI of ${workerId} has been starting for ${minutes(upMs)} and does not answer yet. Its container runs and is still waited for.`,
      { remedy: `Read its log: docker logs --tail 50 ${containerName}` },
    ).toInfo(),

  paused: (workerId: string, containerName: string): ErrorInfo =>
    new WorkshopError('WRONG_STATE', `The container of ${workerId} is paused.`, {
      remedy: `Let it go on: docker unpause ${containerName}`,
    }).toInfo(),

  removed: (workerId: string): ErrorInfo =>
    new WorkshopError(
      'COMFY_DIED',
      `The container of ${workerId} was removed by somebody else and is made anew.`,
    ).toInfo(),

  /** Coarse, so that a start of minutes is a handful of changes. @param strange what answers instead of ComfyUI, if so. */
  loading: (upMs: number, strange: string | null): string => {
    if (strange !== null) return `its port is not ready: ${strange}`;
    if (upMs < 60_000) return 'ComfyUI is loading';
    return `ComfyUI has been loading for ${minutes(upMs)}; its container runs well`;
  },
};

function minutes(ms: number): string {
  const count = Math.floor(ms / 60_000);
  return count === 1 ? '1 minute' : `${count} minutes`;
}
