import { GPU_FIELDS, parseGpuLine } from '../../worker-agent/src/contract/nvidia-smi-text.ts';
import type { Gpu } from '../../worker-agent/src/contract/telemetry.ts';
import type { RemoteHost } from '../connections/hosts/remote-host.ts';
import type { MachineGpus, MachineView } from '../domain/hosts/machine-view.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';

export interface GpusOverSshNeeds {
  /** A machine whose link stands. @throws WorkshopError. */
  host(id: string): Promise<RemoteHost>;
  now(): Pick<WorkshopSnapshot, 'links' | 'hosts'>;
  publish(machines: MachineView[]): void;
  /** Between two looks at who is to be read, and two words to the screen, ms. Default 1000. */
  everyMs?: number;
}

export interface GpusOverSsh {
  /** Takes the machines as they stand; passes them on with what their GPUs say. */
  machines(views: MachineView[]): void;
  /** Idempotent. */
  close(): void;
}

/** An agent that is silent for so long no longer tells of its GPUs, ms. */
const SILENT_MS = 20_000;
/** Pause before a nvidia-smi that ended is started again, ms. */
const RETRY_MS = 10_000;
const COMMAND = [
  'nvidia-smi',
  `--query-gpu=${GPU_FIELDS.join(',')}`,
  '--format=csv,noheader,nounits',
  '-lms',
  '1000',
];

interface Reading {
  stop: AbortController;
  gpus: Map<number, Gpu>;
  said: MachineGpus;
  retryAt: number;
  running: boolean;
}

/**
 * Figures of a GPU host before its agent is there, or while Redis is down: one nvidia-smi that stays alive in one SSH
 * channel. As soon as the agent tells, the channel is closed: two tellers of one figure would only differ.
 */
export function createGpusOverSsh({ host, now, publish, everyMs = 1000 }: GpusOverSshNeeds): GpusOverSsh {
  const readings = new Map<string, Reading>();
  let views: MachineView[] = [];
  let told = '';

  const tell = () => {
    const shown = views.map((view) => ({ ...view, gpus: readings.get(view.id)?.said ?? null }));
    const text = JSON.stringify(shown);
    if (text === told) return;
    told = text;
    publish(shown);
  };
  const isWanted = ({ id, role }: MachineView) => {
    if (role !== 'gpu-host') return false;
    const { links, hosts } = now();
    if (links.redis.kind !== 'ready' && links.redis.kind !== 'degraded') return true;
    const agent = hosts[id];
    return !agent?.status || agent.heardAt === null || Date.now() - agent.heardAt > SILENT_MS;
  };
  const read = async (id: string, reading: Reading) => {
    reading.running = true;
    let lastWords = '';
    try {
      const { code } = await (await host(id)).lines(
        COMMAND,
        (line) => {
          const gpu = parseGpuLine(line);
          if (gpu) {
            reading.gpus.set(gpu.index, gpu);
            const gpus = [...reading.gpus.values()].sort((a, b) => a.index - b.index);
            reading.said = { gpus, at: Date.now(), error: null };
          } else if (line.trim() !== '') lastWords = line.trim().slice(0, 200);
        },
        reading.stop.signal,
      );
      const why =
        code === 127
          ? 'There is no nvidia-smi on this machine; the NVIDIA driver is missing.'
          : `nvidia-smi ended with code ${code ?? 'none'}${lastWords === '' ? '' : `: ${lastWords}`}.`;
      reading.gpus.clear();
      reading.said = { ...reading.said, gpus: [], error: why };
    } catch {
      // The link says itself why it is lost; the last figures stay, with their age.
    } finally {
      reading.running = false;
      reading.retryAt = Date.now() + RETRY_MS;
    }
  };
  const look = () => {
    for (const [id, reading] of readings)
      if (!views.some((view) => view.id === id && isWanted(view))) {
        reading.stop.abort(new Error('the agent tells'));
        readings.delete(id);
      }
    for (const view of views) {
      const { id, link } = view;
      if (!isWanted(view) || (link.kind !== 'ready' && link.kind !== 'degraded')) continue;
      const reading = readings.get(id) ?? {
        stop: new AbortController(),
        gpus: new Map(),
        said: { gpus: [], at: null, error: null },
        retryAt: 0,
        running: false,
      };
      readings.set(id, reading);
      if (!reading.running && Date.now() >= reading.retryAt) void read(id, reading);
    }
    tell();
  };
  const timer = setInterval(look, everyMs);
  timer.unref();

  return {
    machines(next) {
      const back = next.some(
        ({ id, link }) => link.kind === 'ready' && views.find((one) => one.id === id)?.link.kind !== 'ready',
      );
      views = next;
      // A link that is back is read at once.
      if (back) for (const reading of readings.values()) reading.retryAt = 0;
      tell();
    },
    close() {
      clearInterval(timer);
      for (const { stop } of readings.values()) stop.abort(new Error('closed'));
      readings.clear();
    },
  };
}
