import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../resources/demo/free-port.ts';
import {
  COMPOSE_DEFAULTS,
  type ComposeOptions,
} from '../../../worker-agent/src/runtime/compose/compose-options.ts';
import {
  ComposeRuntime,
  type ComposeRuntimeNeeds,
} from '../../../worker-agent/src/runtime/compose/compose-runtime.ts';
import type { ManagedServer, ServerState, Slot } from '../../../worker-agent/src/runtime/roles.ts';
import { type DockerEngine, type EngineStart, startDockerEngine } from '../../support/docker-engine.ts';

export const IMAGE = 'comfy:double';

/** Patience for the tests: the same rules as in earnest, in seconds instead of minutes. */
const TIMING = {
  startingPollMs: 100,
  readyPollMs: 250,
  inspectEveryMs: 2000,
  stableAfterMs: 1500,
  retryFirstMs: 300,
  retryMostMs: 2000,
};

/** A GPU host as the compose runtime sees it: a private Docker engine, and folders of its own. */
export interface ComposeHost {
  readonly engine: DockerEngine;
  /** Options with which a worker runs on the CPU, on the host's network, since the engine has none of its own. */
  options(more?: Partial<ComposeOptions>): ComposeOptions;
  /** A runtime as an agent has it; closed with the host. */
  runtime(more?: Partial<ComposeOptions>, needs?: ComposeRuntimeNeeds): ComposeRuntime;
  slot(index: number): Promise<Slot>;
  /** Makes the ComfyUI of a worker misbehave from its next start on (see docker-engine.ts). */
  behave(workerId: string, behaviour: Record<string, unknown>): Promise<void>;
  /** Ends runtimes and containers, so that the next test starts on an empty machine. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export type HostStart = { kind: 'ready'; host: ComposeHost } | Extract<EngineStart, { kind: 'unavailable' }>;

export async function startComposeHost(): Promise<HostStart> {
  const start = await startDockerEngine();
  if (start.kind === 'unavailable') return start;
  const { engine } = start;
  try {
    await engine.makeComfyImage(IMAGE);
  } catch (cause) {
    await engine.stop();
    throw cause;
  }
  let folder = await mkdtemp(join(tmpdir(), 'workshop-compose-'));
  const runtimes: ComposeRuntime[] = [];

  const options = (more: Partial<ComposeOptions> = {}): ComposeOptions => ({
    ...COMPOSE_DEFAULTS,
    project: 'workshop-test',
    image: IMAGE,
    inputsPath: join(folder, 'inputs'),
    outputsPath: join(folder, 'outputs'),
    stateDir: join(folder, 'state'),
    maxWorkers: 3,
    defaultGpu: 'none',
    network: 'host',
    stopGraceMs: 3000,
    dockerHost: engine.host,
    ...more,
  });
  const clear = async () => {
    await Promise.all(runtimes.splice(0).map((runtime) => runtime.close()));
    const ids = (await engine.docker('ps', '--all', '--quiet')).split('\n').filter(Boolean);
    if (ids.length > 0) await engine.docker('rm', '--force', ...ids);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    folder = await mkdtemp(join(tmpdir(), 'workshop-compose-'));
  };
  return {
    kind: 'ready',
    host: {
      engine,
      options,
      runtime(more, needs = {}) {
        const runtime = new ComposeRuntime(options(more), {
          ...needs,
          timing: { ...TIMING, ...needs.timing },
        });
        runtimes.push(runtime);
        return runtime;
      },
      async slot(index) {
        return { index, workerId: `worker-${index + 1}`, port: await freePort(), gpu: null };
      },
      async behave(workerId, behaviour) {
        const user = join(folder, 'state', 'workers', workerId, 'user');
        await mkdir(user, { recursive: true });
        await writeFile(join(user, 'behaviour.json'), JSON.stringify(behaviour));
      },
      clear,
      async stop() {
        await clear();
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
        await engine.stop();
      },
    },
  };
}

/** Resolves with the state once `wanted` holds, now or later; rejects after `deadlineMs` with all that was seen. */
export function reaches<Kind extends ServerState['kind']>(
  server: ManagedServer,
  kind: Kind,
  wanted: (state: Extract<ServerState, { kind: Kind }>) => boolean = () => true,
  deadlineMs = 45_000,
): Promise<Extract<ServerState, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    const take = (state: ServerState) => {
      seen.push(JSON.stringify(state));
      if (!isOf(state, kind) || !wanted(state)) return;
      finish();
      resolve(state);
    };
    const finish = () => {
      clearTimeout(timer);
      unsubscribe();
    };
    const timer = setTimeout(() => {
      finish();
      reject(new Error(`${server.slot.workerId} did not become ${kind}; it was:\n${seen.join('\n')}`));
    }, deadlineMs);
    const unsubscribe = server.onChange(take);
    take(server.state());
  });
}

function isOf<Kind extends ServerState['kind']>(
  state: ServerState,
  kind: Kind,
): state is Extract<ServerState, { kind: Kind }> {
  return state.kind === kind;
}
