import { realpathSync } from 'node:fs';
import { toWorkshopError } from '../../contract/errors.ts';
import { type Agent, startAgent } from '../agent.ts';
import { type AgentConfig, describeProblem, gatherEnvironment, loadConfig, readConfig } from '../config.ts';
import { CONFIG_KEYS } from '../config-keys.ts';
import { lockStateDir } from '../instance-lock.ts';
import { compareSettings } from '../live-settings.ts';
import { type AgentLog, createLog } from '../logger.ts';
import { findPlatformWorkers, mustRefuse, platformWorkerError } from '../platform-worker.ts';
import { createScrub, secretsIn } from '../secrets.ts';
import { AGENT_VERSION } from '../version.ts';

/** How long jobs that are given back may take to be so, ms. */
const HURRY_LIMIT_MS = 10_000;
const HAND_OVER_LIMIT_MS = 2000;

/**
 * Runs the agent until it is told to stop. First SIGTERM or SIGINT: takes no more, finishes the running jobs within
 * STOP_GRACE_SECONDS. Second: gives them back and leaves at once. Third: leaves.
 * SIGHUP: reads the configuration again. SIGUSR2: leaves at once and lets the running jobs go on in ComfyUI, for the
 * agent that is started next (an upgrade).
 * @throws WorkshopError CONFIG, also when the platform's own worker runs here and nobody allowed that.
 */
export async function runCommand(options: { envFile?: string }): Promise<void> {
  const source = gatherEnvironment(options.envFile, process.env);
  const config = loadConfig(options.envFile, process.env);
  const scrub = createScrub(secretsIn(source));
  const agentLog = createLog(config.log, scrub);
  const log = agentLog.logger;
  await refuseBesidePlatformWorker(config, agentLog);
  const unlock = lockStateDir(config.stateDir, {
    agent: realpathSync(process.argv[1] ?? ''),
    envFile: options.envFile === undefined ? null : realpathSync(options.envFile),
  });
  process.once('exit', unlock);
  log.info({ version: AGENT_VERSION, hostId: config.hostId, node: process.version }, 'worker-agent starts');
  process.on('uncaughtException', (cause) => {
    // The service manager starts it again, and it carries on with its jobs.
    log.fatal({ err: cause }, 'an unforeseen error ended the agent');
    process.exit(1);
  });
  const agent = startAgent(config, log, scrub);
  const stopGraceMs = followReloads(agent, agentLog, { ...options, source, config });

  let signals = 0;
  const giveBack = (why: string) => {
    log.warn(`${why}: giving the running jobs back and leaving`);
    agent.hurry();
    setTimeout(() => process.exit(1), HURRY_LIMIT_MS).unref();
  };
  const leave = (signal: NodeJS.Signals) => {
    signals += 1;
    if (signals === 1) {
      const graceMs = stopGraceMs();
      log.info(
        { signal },
        `stopping after the running jobs, within ${Math.round(graceMs / 1000)} s; send the signal again to give them back at once`,
      );
      setTimeout(() => signals === 1 && giveBack('the time to stop is over'), graceMs).unref();
      void agent.stop().then(() => process.exit(0));
    } else if (signals === 2) giveBack(`second ${signal}`);
    else process.exit(1);
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
  process.once('SIGUSR2', () => {
    log.info('leaving at once; the running jobs go on in ComfyUI, and the next agent carries on with them');
    setTimeout(() => process.exit(0), HAND_OVER_LIMIT_MS);
    agent.handOver().then(
      () => process.exit(0),
      () => process.exit(0),
    );
  });
}

/** It would take jobs from the same queue and lose them (contract 2.2, 8.23). */
async function refuseBesidePlatformWorker(config: AgentConfig, { logger }: AgentLog): Promise<void> {
  const pids = await findPlatformWorkers();
  if (pids.length === 0) return;
  const error = platformWorkerError(pids);
  if (mustRefuse(config, pids)) throw error;
  logger.warn({ remedy: error.remedy }, error.message);
}

/** Follows SIGHUP. @returns tells how long a stop may wait now, ms. */
function followReloads(
  agent: Agent,
  agentLog: AgentLog,
  start: { envFile?: string; source: Record<string, string>; config: AgentConfig },
): () => number {
  const log = agentLog.logger;
  const known = Object.keys(CONFIG_KEYS);
  let { source: running, config } = start;

  const reload = () => {
    const source = gatherEnvironment(start.envFile, process.env);
    const result = readConfig(source);
    if (result.kind === 'invalid') {
      const problems = result.problems.map(describeProblem).join('\n');
      log.error(`the new configuration is not valid, the old one stays:\n${problems}`);
      return;
    }
    const { live, restart } = compareSettings(running, source, known);
    agentLog.change(result.config.log, createScrub([...secretsIn(running), ...secretsIn(source)]));
    config = result.config;
    agent.reload(config);
    // What needs a restart is compared with what runs, so it is named until somebody restarts.
    const taken = new Set(live);
    running = Object.fromEntries(
      known.flatMap((name) => {
        const value = (taken.has(name) ? source : running)[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    log.info({ live, restart }, describeReload(live, restart));
  };
  process.on('SIGHUP', () => {
    try {
      reload();
    } catch (cause) {
      log.error(
        `the configuration could not be read again, the old one stays: ${toWorkshopError(cause).message}`,
      );
    }
  });
  return () => config.stopGraceMs;
}

function describeReload(live: readonly string[], restart: readonly string[]): string {
  if (live.length === 0 && restart.length === 0) return 'configuration read again: nothing changed';
  const parts = [
    live.length > 0 ? `now in effect: ${live.join(', ')}` : '',
    restart.length > 0 ? `needs a restart: ${restart.join(', ')}` : '',
  ];
  return `configuration read again; ${parts.filter(Boolean).join('; ')}`;
}
