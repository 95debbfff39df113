import type { Redis } from 'ioredis';
import { channels } from '../contract/keys.ts';
import { PROTOCOL_VERSION } from '../contract/protocol.ts';
import type { JobProgress, LiveFrame, WorkerVram } from '../contract/telemetry.ts';
import type { GpuReader } from '../gpu/roles.ts';
import type { Clock } from './clock.ts';

const EVERY_MS = 1000;

export interface LiveFrameSources {
  hostId: string;
  clock: Clock;
  gpu: Pick<GpuReader, 'reading'>;
  vram: () => WorkerVram[];
  progress: () => JobProgress[];
  /** Frames are not kept for later: none is sent while Redis is away. */
  isLinked: () => boolean;
}

/** Publishes one frame a second on `agent:live`, also when the GPU cannot be read. */
export function publishLiveFrames(
  redis: Pick<Redis, 'publish'>,
  sources: LiveFrameSources,
): { close(): void } {
  const timer = setInterval(() => {
    if (!sources.isLinked()) return;
    redis.publish(channels.live, JSON.stringify(buildFrame(sources))).catch(() => {});
  }, EVERY_MS);
  return { close: () => clearInterval(timer) };
}

export function buildFrame(sources: LiveFrameSources): LiveFrame {
  return {
    protocol: PROTOCOL_VERSION,
    hostId: sources.hostId,
    at: sources.clock.now(),
    gpus: sources.gpu
      .reading()
      .gpus.map(({ index, memoryUsedMiB, memoryFreeMiB, utilization, temperatureC, powerW }) => ({
        index,
        memoryUsedMiB,
        memoryFreeMiB,
        utilization,
        temperatureC,
        powerW,
      })),
    vram: sources.vram(),
    progress: sources.progress(),
  };
}
