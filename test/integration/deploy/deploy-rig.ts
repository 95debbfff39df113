import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type ComfyDouble, startComfyDouble } from '../../../resources/demo/comfy-double/server.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { agentEar } from '../../../src-main/app/agent-ear.ts';
import { openRedisWorkshop } from '../../../src-main/app/redis-workshop.ts';
import { consoleRun } from '../../../src-main/connections/console-run.ts';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import type { RemoteHost } from '../../../src-main/connections/hosts/remote-host.ts';
import { type DeployChoices, NO_CHOICES } from '../../../src-main/domain/deploy/agent-settings.ts';
import type { DeployAct, DeployView, StepId } from '../../../src-main/domain/deploy/deploy-view.ts';
import { createDeployService, type DeployKeeper } from '../../../src-main/services/deploy/deploy-service.ts';
import type { AgentBundle, AgentEar, Vps } from '../../../src-main/services/deploy/roles.ts';
import { createWorkshopWatch, type WorkshopWatch } from '../../../src-main/services/watch-workshop.ts';
import { bundleAgent } from '../../../worker-agent/build.ts';

const PASSWORD = 'rig-password';
const UNITS = resolve(import.meta.dirname, '../../../resources/worker-agent');
const PATIENCE_MS = 50_000;
export const HOST_ID = 'bare-host';

/** A machine with nothing on it (a folder of this one), a real Redis, the real agent, the console's own live model. */
export interface DeployRig {
  readonly dir: string;
  readonly root: string;
  readonly redis: PrivateRedis;
  readonly comfy: ComfyDouble;
  readonly watch: WorkshopWatch;
  readonly configuration: Record<string, string>;
  readonly ear: AgentEar;
  /** The bundle with a mark, so that it is another release. */
  bundle(mark: string): AgentBundle;
  console(options?: ConsoleOptions): DeployKeeper;
  stop(): Promise<void>;
}

export interface ConsoleOptions {
  by?: string;
  bundle?: AgentBundle;
  host?: RemoteHost;
  configuration?: Record<string, string>;
  nodeMirror?: string;
  root?: string;
  /** Another machine of the workshop than the rig's one. */
  hostId?: string;
  /** Machines of the workshop besides it, by host id. */
  others?: readonly string[];
  vps?: Vps;
  /** Id of the console as it stands on its disk; default another for each. */
  console?: string;
  claimPrefix?: (prefix: string, hostId: string) => Promise<string | null>;
  ear?: AgentEar;
  /** What the other hosts are told. */
  told?: string[];
}

export async function startDeployRig(): Promise<DeployRig> {
  const dir = mkdtempSync(join(tmpdir(), 'workshop-deploy-'));
  const root = join(dir, 'machine', 'agent');
  const redis = await startPrivateRedis({ parentDir: dir, password: PASSWORD, appendOnly: false });
  const comfy = await startComfyDouble({ speed: 1 });
  const bundle = await buildAgent(dir);
  const watch = createWorkshopWatch();
  const workshop = openRedisWorkshop({
    ...{ name: 'rig', host: '127.0.0.1', port: redis.port, password: PASSWORD, tls: false },
  });
  watch.turnTo(workshop);
  const consoles: DeployKeeper[] = [];
  const roots = new Set([root]);
  const configuration = {
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(redis.port),
    REDIS_PASSWORD: PASSWORD,
    COMFYUI_URLS: comfy.url,
    NVIDIA_SMI: join(dir, 'no-nvidia-smi'),
    LEASE_SECONDS: '5',
  };
  const rig: DeployRig = {
    ...{ dir, root, redis, comfy, watch, configuration, ear: agentEar(() => watch.now) },
    bundle,
    console(options = {}) {
      roots.add(options.root ?? root);
      const keeper = openConsole({
        host: createLocalHost({ label: 'the bare host' }),
        bundle: bundle('one'),
        watch,
        root,
        claimPrefix: workshop.prefixes.claim,
        ...options,
        configuration: { ...configuration, ...options.configuration },
      });
      consoles.push(keeper);
      return keeper;
    },
    async stop() {
      for (const keeper of consoles) keeper.close();
      for (const one of roots) endAgent(one);
      watch.close();
      workshop.close();
      await comfy.stop();
      await redis.stop();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  mkdirSync(join(dir, 'machine'));
  return rig;
}

/** Bundles the agent. @returns what makes releases of it that differ by a mark. */
export async function buildAgent(dir: string): Promise<(mark: string) => AgentBundle> {
  const built = join(dir, 'worker-agent.mjs');
  await bundleAgent(built);
  const units = {
    system: readFileSync(join(UNITS, 'worker-agent.service'), 'utf8'),
    user: readFileSync(join(UNITS, 'worker-agent.user.service'), 'utf8'),
  };
  return (mark) => {
    const path = join(dir, `${mark}.mjs`);
    if (!existsSync(path)) {
      cpSync(built, path);
      appendFileSync(path, `\n// ${mark}\n`);
    }
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    return { path, version: '0.1.0', sha256, units, dockerfile: 'FROM scratch\n' };
  };
}

/** The deploying half of a console that knows one machine. */
export function openConsole(
  options: ConsoleOptions & {
    host: RemoteHost;
    bundle: AgentBundle;
    watch: WorkshopWatch;
    configuration: Record<string, string>;
    choices?: DeployChoices;
  },
): DeployKeeper {
  const { host, bundle, watch, configuration, choices, root, hostId = HOST_ID, others = [] } = options;
  return createDeployService({
    targets: {
      list: () => [
        { id: 'it', name: 'Bare host', where: 'here', hostId, root },
        ...others.map((id) => ({ id, name: id, where: 'elsewhere', hostId: id })),
      ],
      refresh: async () => {},
      onChange: () => () => {},
      open: async () => host,
      vps: async () => options.vps ?? null,
      configuration: async () => configuration,
    },
    bundle: async () => bundle,
    choices: { load: async () => ({ it: choices ?? NO_CHOICES }), save: async () => {} },
    ear: options.ear ?? agentEar(() => watch.now),
    by: () => options.by ?? 'test@laptop',
    run: consoleRun(options.console ?? randomUUID()),
    claimPrefix: options.claimPrefix ?? (async () => null),
    runs: { load: async () => ({}), save: async () => {} },
    teller: () => (message) => options.told?.push(message),
    nodeMirror: options.nodeMirror ?? 'http://127.0.0.1:9/dist',
  });
}

/** Runs an act and waits for its end. */
export async function act(
  keeper: DeployKeeper,
  what: DeployAct,
  {
    skip = [],
    until,
    sudoPassword = null,
  }: { skip?: StepId[]; until?: (view: DeployView) => boolean; sudoPassword?: string | null } = {},
): Promise<DeployView> {
  await keeper.start({ targetId: 'it', act: what, skip, sudoPassword });
  return seen(keeper, until ?? (({ phase }) => phase === 'done' || phase === 'failed'));
}

/** Waits until the machine's picture is as asked for. */
export async function seen(keeper: DeployKeeper, is: (view: DeployView) => boolean): Promise<DeployView> {
  const stop = AbortSignal.timeout(PATIENCE_MS);
  let last: DeployView | undefined;
  for await (const [view] of keeper.changes(stop)) {
    last = view;
    if (view && is(view)) return view;
  }
  throw new Error(`not seen in time: ${JSON.stringify(last, null, 1)}`);
}

/** Process id of the agent that the machine runs, from its own lock. */
export function agentPid(root: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(root, 'state/agent.lock'), 'utf8'));
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const value = await look();
    if (value !== undefined) return value;
    await wait(20);
  }
  throw new Error(`no ${what} in time`);
}

/** Ends the script that keeps the agent running, and the agent. */
function endAgent(root: string): void {
  for (const pid of [numberIn(join(root, 'daemon.pid')), agentPid(root)])
    try {
      if (pid) process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
}

function numberIn(path: string): number | undefined {
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined;
}

/** All files below a folder with their times, so that "nothing changed" can be seen. */
export function picture(folder: string): string {
  return execFileSync('find', [folder, '-path', '*/state', '-prune', '-o', '-printf', '%p %l %C@ %s\\n'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((line) => !/agent\.log|daemon\.log| \d+\.\d+ 4096$/.test(line))
    .sort()
    .join('\n');
}
