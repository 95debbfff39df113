import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface AgentProcessOptions {
  /** Its env file and log go here. */
  dir: string;
  /** Configuration keys of the agent (contract 4.1 and its own); the password stays in a file. */
  configuration: Readonly<Record<string, string>>;
  /** More for the process environment, e.g. for the double of nvidia-smi. */
  environment?: Readonly<Record<string, string>>;
  /** File that Node runs. Default: the agent's source. */
  entry?: string;
}

/** The real worker-agent as a process of its own. */
export interface AgentProcess {
  pid(): number | undefined;
  start(): Promise<void>;
  /** SIGKILL: the agent has no chance to say goodbye. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /**
   * SIGTERM, a second one after `graceMs`, SIGKILL after as much again. Idempotent.
   * @returns when the process is gone.
   */
  stop(graceMs: number): Promise<void>;
  /** Ends with the process that runs now; rejects never. */
  exited(): Promise<void>;
  /** Last lines of its log. */
  lastWords(): string;
}

const AGENT_ENTRY = resolve(import.meta.dirname, '../../worker-agent/src/cli.ts');

/** Prepares an agent; `start` runs it. It lives in its own process group, so that Ctrl-C reaches us first. */
export function prepareAgent(options: AgentProcessOptions): AgentProcess {
  const envFile = join(options.dir, 'agent.env');
  const logFile = join(options.dir, 'agent.log');
  const lines = Object.entries(options.configuration).map(([key, value]) => `${key}='${value}'\n`);
  writeFileSync(envFile, lines.join(''), { mode: 0o600 });
  let child: ChildProcess | undefined;

  const alive = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const exited = async () => {
    if (child && alive()) await once(child, 'exit');
  };
  return {
    pid: () => (alive() ? child?.pid : undefined),
    async start() {
      const log = openSync(logFile, 'a');
      child = spawn(process.execPath, [options.entry ?? AGENT_ENTRY, 'run', '--env-file', envFile], {
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...cleanEnvironment(), ...options.environment },
      });
      closeSync(log);
      await Promise.race([
        once(child, 'spawn'),
        once(child, 'error').then(([cause]) => Promise.reject(cause)),
      ]);
    },
    async kill() {
      if (alive()) child?.kill('SIGKILL');
      await exited();
    },
    signal: (signal) => void child?.kill(signal),
    async stop(graceMs) {
      for (const signal of ['SIGTERM', 'SIGTERM', 'SIGKILL'] as const) {
        if (!alive()) return;
        child?.kill(signal);
        await Promise.race([exited(), wait(graceMs, undefined, { ref: false })]);
      }
      await exited();
    },
    exited,
    lastWords() {
      try {
        return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
      } catch {
        return '';
      }
    },
  };
}

/** Without the agent's own keys: what the shell happens to export must not reach the demo's agent. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours =
    /^(REDIS_|APP_SERVER_|INFERENCE_|WORKER_|COMFYUI_|NUM_WORKERS|QUEUE_MODE|JOB_TIMEOUT|AGENT_|RUNTIME|GPU_IDS|NVIDIA_SMI|LEASE_|MAX_WORKERS|OUTPUTS_PATH|INPUTS_PATH|MODELS_PATH|LOG_LEVEL|VPS_|DELIVERY_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
