import { spawn } from 'node:child_process';
import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorInfo, WorkshopError } from '../contract/errors.ts';
import { explainExit, type ServerExit } from './explain-exit.ts';
import { type ObservableState, observableState } from './observable-state.ts';
import {
  findLiving,
  leftProcesses,
  pidFilePath,
  removePidFile,
  startTicksOf,
  writePidFile,
} from './pid-file.ts';
import { processFamily } from './process-tree.ts';
import { lookAtComfy } from './readiness.ts';
import type { ManagedServer, Runtime, Slot } from './roles.ts';
import { type ServerLog, serverLog } from './server-log.ts';

export interface ProcessOptions {
  /** Words of the command; `{port}`, `{gpu}` and `{worker}` are filled in. No shell sees them. */
  command: readonly string[];
  maxWorkers: number;
  /** Log files and notes about running servers go here. */
  stateDir: string;
  /** Between two looks at a server that starts, ms. Default 500. */
  pollMs?: number;
  /** First pause before a server that ended is started again, ms; doubles up to 60 s. Default 1000. */
  backoffMs?: number;
}

const MAX_BACKOFF_MS = 60_000;
/** A server that lives this long was no failed start. */
const STABLE_MS = 60_000;
/** Failed starts in a row that make a crash loop; then it is tried again only now and then. */
const CRASH_LOOP = 4;
const CRASH_LOOP_PAUSE_MS = 300_000;
const LOG_CHECK_MS = 30_000;
const PORT_RETRY_MS = 10_000;

/** One running server process, ours by birth or found again after a restart of the agent. */
interface Running {
  pid: number;
  startedAt: number;
  ended: Promise<ServerExit>;
}

/** ComfyUI as a plain process of this machine: started, watched, restarted with growing pauses. */
export function processRuntime(options: ProcessOptions): Runtime {
  const servers = new Set<ManagedServer>();
  return {
    kind: 'process',
    maxWorkers: options.maxWorkers,
    async start(slot) {
      const server = manageProcess(slot, options, () => servers.delete(server));
      servers.add(server);
      return server;
    },
    existing: async () => leftProcesses(options.stateDir).map(({ workerId }) => workerId),
    async remove(workerId, graceMs) {
      const left = leftProcesses(options.stateDir).find((process) => process.workerId === workerId);
      if (!left) return;
      const isGone = () => startTicksOf(left.pid) !== left.startTicks;
      signalGroup(left.pid, 'SIGTERM');
      for (const deadline = performance.now() + graceMs; !isGone() && performance.now() < deadline; )
        await sleep(100);
      if (!isGone()) signalGroup(left.pid, 'SIGKILL');
      removePidFile(left.path);
    },
    async close() {
      await Promise.all([...servers].map((server) => server.stop(10_000)));
    },
  };
}

function manageProcess(slot: Slot, options: ProcessOptions, onStop: () => void): ManagedServer {
  const { pollMs = 500, backoffMs = 1000 } = options;
  const state = observableState({ kind: 'starting', note: 'starting' });
  const log = serverLog(join(options.stateDir, 'logs', `${slot.workerId}.log`));
  const pidFile = pidFilePath(options.stateDir, slot.workerId);
  const stopping = new AbortController();
  let skipPause = new AbortController();
  let running: Running | undefined;
  let graceMs = 10_000;
  let restarting = false;

  const pause = (ms: number) =>
    sleep(ms, undefined, { signal: AbortSignal.any([stopping.signal, skipPause.signal]) }).catch(() => {});
  const live = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      state.set({ kind: 'starting', note: 'starting' });
      const left = adopt(pidFile, slot);
      const squatter = left ? undefined : await portTaken(slot, stopping.signal);
      if (squatter) {
        state.set({ kind: 'failed', error: squatter, retryAt: Date.now() + PORT_RETRY_MS });
        await pause(PORT_RETRY_MS);
        continue;
      }
      if (stopping.signal.aborted) break;
      running = left ?? launch(slot, options.command, log, pidFile);
      const over = new AbortController();
      const ready = followReadiness(slot, state, AbortSignal.any([over.signal, stopping.signal]), pollMs);
      const exit = await running.ended;
      over.abort();
      await ready;
      const lived = performance.now() - running.startedAt;
      running = undefined;
      removePidFile(pidFile);
      if (stopping.signal.aborted || restarting) {
        restarting = false;
        failures = 0;
        continue;
      }
      failures = lived > STABLE_MS ? 1 : failures + 1;
      const waitMs =
        failures >= CRASH_LOOP
          ? CRASH_LOOP_PAUSE_MS
          : Math.min(MAX_BACKOFF_MS, backoffMs * 2 ** (failures - 1));
      const error = explainExit(slot, exit, log, failures >= CRASH_LOOP ? failures : undefined);
      state.set({ kind: 'failed', error, retryAt: Date.now() + waitMs });
      await pause(waitMs);
    }
    state.set({ kind: 'stopped' });
  };
  const finished = live();
  const rotation = setInterval(() => log.rotate(), LOG_CHECK_MS);

  const end = async () => {
    const victim = running;
    if (!victim) return;
    signalGroup(victim.pid, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(victim.pid, 'SIGKILL'), graceMs);
    await victim.ended;
    clearTimeout(timer);
  };
  let stopped: Promise<void> | undefined;
  return {
    slot,
    state: state.get,
    onChange: state.onChange,
    pids: async () => (running ? processFamily(running.pid) : []),
    async restart() {
      skipPause.abort();
      skipPause = new AbortController();
      if (!running) return;
      restarting = true;
      state.set({ kind: 'starting', note: 'restarting' });
      await end();
    },
    stop(grace) {
      graceMs = grace;
      stopped ??= (async () => {
        stopping.abort();
        clearInterval(rotation);
        await end();
        await finished;
        onStop();
      })();
      return stopped;
    },
  };
}

/** Somebody else answers at the slot's port; its ComfyUI would be taken for ours. */
async function portTaken(slot: Slot, signal: AbortSignal): Promise<ErrorInfo | undefined> {
  const look = await lookAtComfy(`http://127.0.0.1:${slot.port}`, signal);
  if (look.kind === 'silent') return undefined;
  return new WorkshopError(
    'RUNTIME_START',
    `Port ${slot.port} of ${slot.workerId} is taken by ${look.kind === 'answers' ? 'another ComfyUI' : 'another program'}.`,
    { remedy: 'Stop it, or give the agent other ports with COMFYUI_BASE_PORT.' },
  ).toInfo();
}

/** Starts the command in its own process group, its output going straight to the log file. */
function launch(slot: Slot, command: readonly string[], log: ServerLog, pidFile: string): Running {
  const words = command.map((word) =>
    word
      .replaceAll('{port}', String(slot.port))
      .replaceAll('{gpu}', slot.gpu ?? '0')
      .replaceAll('{worker}', slot.workerId),
  );
  makeOwnFolders(command, words);
  log.rotate();
  const output = log.open();
  const [file = '', ...args] = words;
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', output, output],
    env: environmentFor(slot),
  });
  closeSync(output);
  const pid = child.pid ?? 0;
  const startTicks = pid > 0 ? startTicksOf(pid) : undefined;
  if (startTicks) writePidFile(pidFile, { pid, startTicks, port: slot.port, command: words });
  const ended = new Promise<ServerExit>((resolve) => {
    child.once('error', (cause) => resolve({ kind: 'unstartable', cause: cause.message }));
    child.once('exit', (code, signal) => resolve({ kind: 'ended', code, signal }));
  });
  return { pid, startedAt: performance.now(), ended };
}

/** Words before a folder that ComfyUI wants to find there when it starts. */
const FOLDER_OPTIONS = ['--output-directory', '--temp-directory', '--user-directory'];

/** A folder that is named for the worker can be nobody's but ours to make; what cannot be made, ComfyUI names. */
function makeOwnFolders(command: readonly string[], words: readonly string[]): void {
  for (const [at, word] of command.entries()) {
    const path = words[at];
    if (path === undefined || !word.includes('{worker}')) continue;
    if (!FOLDER_OPTIONS.includes(command[at - 1] ?? '')) continue;
    try {
      mkdirSync(path, { recursive: true });
    } catch {
      // ComfyUI says what it cannot use, in the worker's log.
    }
  }
}

/** Finds the server that an earlier run of the agent left alive on this slot's port. */
function adopt(pidFile: string, slot: Slot): Running | undefined {
  const record = findLiving(pidFile);
  if (!record || record.port !== slot.port) return undefined;
  const ended = (async (): Promise<ServerExit> => {
    while (startTicksOf(record.pid) === record.startTicks) await sleep(500);
    return { kind: 'ended', code: null, signal: null };
  })();
  return { pid: record.pid, startedAt: performance.now(), ended };
}

async function followReadiness(
  slot: Slot,
  state: ObservableState,
  signal: AbortSignal,
  pollMs: number,
): Promise<void> {
  const endpoint = `http://127.0.0.1:${slot.port}`;
  const since = performance.now();
  while (!signal.aborted) {
    const look = await lookAtComfy(endpoint, signal);
    if (signal.aborted) return;
    if (look.kind === 'answers') return state.set({ kind: 'ready', endpoint });
    const seconds = Math.round((performance.now() - since) / 1000);
    // Said in steps of five seconds: loading torch and custom nodes may take minutes.
    state.set({ kind: 'starting', note: `loading for ${seconds - (seconds % 5)} s` });
    await sleep(pollMs, undefined, { signal }).catch(() => {});
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (pid <= 1) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Already gone.
  }
}

/** Custom nodes must not see the agent's secrets (contract 3.4). */
function environmentFor(slot: Slot): NodeJS.ProcessEnv {
  const secret = /REDIS|PASSWORD|TOKEN|SECRET|API_KEY|PRIVATE_KEY/i;
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !secret.test(name)));
  if (slot.gpu === null) return environment;
  // CUDA counts the fastest card first unless told to count as nvidia-smi does, from which the index is.
  return { ...environment, CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: slot.gpu };
}
