import { isReporting } from '../../worker-agent/src/contract/agent-word.ts';
import {
  GPU_FIELDS,
  PROCESS_FIELDS,
  type ProcessVram,
  parseGpuLine,
  parseProcessLine,
} from '../../worker-agent/src/contract/nvidia-smi-text.ts';
import type { Gpu } from '../../worker-agent/src/contract/telemetry.ts';
import type { RemoteHost } from '../connections/hosts/remote-host.ts';
import type { CapacityState } from '../domain/capacity/capacity-state.ts';
import { cardGuardsOf } from '../domain/capacity/host-capacity.ts';
import type { GpuProcess, MachineGpus, MachineView } from '../domain/hosts/machine-view.ts';
import { plainLine } from '../domain/plain-line.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';

export interface GpusOverSshNeeds {
  /** A machine whose link stands. @throws WorkshopError. */
  host(id: string): Promise<RemoteHost>;
  now(): Pick<WorkshopSnapshot, 'links' | 'hosts'>;
  /** What the hosts planned for the day; null before a workshop is watched. */
  capacity(): Pick<CapacityState, 'settings'> | null;
  /** The guard that the workshop was set up with, MiB; null for none. */
  workshopGuardMiB(): number | null;
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

/** Pause before a nvidia-smi that ended is started again, ms. */
const RETRY_MS = 10_000;
/** What is not said again within so long of the newest line is no longer there, ms. */
const GONE_MS = 3500;
/** A card has a handful; more would be no machine of a workshop. */
const PROCESSES_MAX = 64;
const LOOP = '--format=csv,noheader,nounits -lms 1000';
/**
 * Both queries in one channel; each nvidia-smi stays alive. The one of the processes prints nothing while none computes,
 * so it would not notice that nobody reads: it ends with the one of the cards, which does.
 */
const BOTH = `nvidia-smi "$2" ${LOOP} 2>/dev/null &
other=$!
trap 'kill "$other" 2>/dev/null' EXIT
nvidia-smi "$1" ${LOOP}
exit`;
/** @public what runs on the machine, for the test that it leaves nothing behind. */
export const GPU_COMMAND = [
  ...['sh', '-c', BOTH, 'sh'],
  ...[`--query-gpu=${GPU_FIELDS.join(',')}`, `--query-compute-apps=${PROCESS_FIELDS.join(',')}`],
];

interface Seen<Fact> {
  fact: Fact;
  at: number;
}

interface Reading {
  stop: AbortController;
  gpus: Map<number, Seen<Gpu>>;
  processes: Map<string, Seen<ProcessVram>>;
  /** When a card was last read, local epoch ms. */
  at: number | null;
  error: string | null;
  retryAt: number;
  running: boolean;
}

/**
 * Figures of a GPU host before its agent is there, or while Redis is down: nvidia-smi stays alive in one SSH channel.
 * As soon as the agent tells, the channel is closed: two tellers of one figure would only differ.
 */
export function createGpusOverSsh(needs: GpusOverSshNeeds): GpusOverSsh {
  const { host, now, publish, everyMs = 1000 } = needs;
  const readings = new Map<string, Reading>();
  let views: MachineView[] = [];
  let told = '';

  const saidOf = (id: string): MachineGpus | null => {
    const reading = readings.get(id);
    if (!reading) return null;
    const figures = figuresOf(reading);
    const capacity = needs.capacity();
    const host = { id, status: now().hosts[id]?.status ?? null };
    const set = capacity && { settings: capacity.settings, workshopGuardMiB: needs.workshopGuardMiB() };
    return { ...figures, guards: set ? cardGuardsOf({ host, ...set }, figures.gpus) : [] };
  };
  const tell = () => {
    const shown = views.map((view) => ({ ...view, gpus: saidOf(view.id) }));
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
    return !agent || !isReporting(agent, Date.now());
  };
  const read = async (id: string, reading: Reading) => {
    reading.running = true;
    let lastWords = '';
    try {
      const { code } = await (await host(id)).lines(
        GPU_COMMAND,
        (line) => {
          const said = take(reading, line);
          if (!said && line.trim() !== '') lastWords = plainLine(line).trim().slice(0, 200);
        },
        reading.stop.signal,
      );
      reading.gpus.clear();
      reading.processes.clear();
      reading.error = whyEnded(code, lastWords);
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
        ...{ gpus: new Map(), processes: new Map(), at: null, error: null },
        ...{ retryAt: 0, running: false },
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

/** @returns whether the line told of a card or a process. */
function take(reading: Reading, line: string): boolean {
  const at = Date.now();
  // First, as a program's name with many commas looks like a card.
  const process = parseProcessLine(line);
  if (process) {
    const key = `${process.pid}/${process.gpuUuid}`;
    if (reading.processes.has(key) || reading.processes.size < PROCESSES_MAX)
      reading.processes.set(key, { fact: process, at });
    return true;
  }
  const gpu = parseGpuLine(line);
  if (!gpu) return false;
  reading.gpus.set(gpu.index, { fact: gpu, at });
  reading.at = at;
  reading.error = null;
  return true;
}

/** What was said lately, seen from the newest line: what a cut link leaves behind grows old as one. */
function figuresOf({ gpus, processes, at, error }: Reading): Omit<MachineGpus, 'guards'> {
  const lately = <Fact>(seen: Map<unknown, Seen<Fact>>) =>
    [...seen.values()].flatMap((one) => ((at ?? 0) - one.at > GONE_MS ? [] : [one.fact]));
  const cards = lately(gpus).sort((a, b) => a.index - b.index);
  const held = lately(processes).flatMap(({ pid, program, gpuUuid, memoryMiB }): GpuProcess[] => {
    const card = cards.find(({ uuid }) => uuid === gpuUuid);
    if (!card || memoryMiB === null) return [];
    const name = program === null ? null : plainLine(program.replace(/^.*\//, '')).trim().slice(0, 60);
    return [{ pid, program: name || null, gpuIndex: card.index, memoryMiB }];
  });
  return { gpus: cards, processes: held.sort((a, b) => a.pid - b.pid), at, error };
}

function whyEnded(code: number | null, lastWords: string): string {
  return code === 127
    ? 'There is no nvidia-smi on this machine; the NVIDIA driver is missing.'
    : `nvidia-smi ended with code ${code ?? 'none'}${lastWords === '' ? '' : `: ${lastWords}`}.`;
}
