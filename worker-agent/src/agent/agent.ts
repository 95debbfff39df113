import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { connectComfy } from '../comfy/comfy-server.ts';
import { toWorkshopError } from '../contract/errors.ts';
import { FINISHING_TOLD, type HostStatus } from '../contract/host.ts';
import { jobIdOfKey, keys } from '../contract/keys.ts';
import { PROTOCOL_VERSION } from '../contract/protocol.ts';
import { isGpuBusy } from '../gpu/gpu-busy.ts';
import { openNvidiaSmi } from '../gpu/nvidia-smi.ts';
import { openDeliveries } from '../outputs/open-deliveries.ts';
import { keepPruned } from '../outputs/raw-files.ts';
import { createJobConsumer } from '../queue/job-consumer.ts';
import { buildRuntime } from './build-runtime.ts';
import { carryOut } from './carry-out.ts';
import { createClock } from './clock.ts';
import { createCommandReader } from './command-stream.ts';
import type { AgentConfig } from './config.ts';
import { createDesiredReader } from './desired.ts';
import { watchDisks } from './disk-watch.ts';
import { createEventLog } from './event-log.ts';
import { createFleet } from './fleet.ts';
import { keepHeartbeats } from './heartbeats.ts';
import { claimHostId } from './host-claim.ts';
import { NEXT_WITHIN_MS, publishHostStatus } from './host-status.ts';
import { createLeaseKeeper } from './lease-keeper.ts';
import { publishLiveFrames } from './live-frames.ts';
import { neighboursOf } from './memory/neighbours.ts';
import { createVramSense } from './memory/vram-sense.ts';
import { ownClaimsIn } from './own-claims.ts';
import { rescueQueue } from './queue-rescue.ts';
import { createRecovery } from './recovery.ts';
import { followRedis } from './redis-duty.ts';
import { openRedisLink } from './redis-link.ts';
import type { Scrub } from './secrets.ts';
import { openSpool } from './spool.ts';
import { shutDownInOrder } from './stop-order.ts';
import { rememberSubmitted } from './submitted.ts';
import { AGENT_VERSION } from './version.ts';
import { watchVram } from './vram-watch.ts';
import { startWorker } from './worker.ts';

export interface Agent {
  /** Takes no more jobs, finishes the running ones, says goodbye, closes. Idempotent. */
  stop(): Promise<void>;
  /** Interrupts the running jobs and gives them back to the queue; use after `stop`. */
  hurry(): void;
  /** Goes on with another configuration, as far as live-settings.ts says that it can. */
  reload(next: AgentConfig): void;
  /** Renews what is held, so that the next agent has the most time to carry on with the running jobs. */
  handOver(): Promise<void>;
}

/** Builds the agent and sets it going; it connects, reconnects and recovers by itself until it is stopped. */
export function startAgent(config: AgentConfig, log: Logger, scrub: Scrub): Agent {
  const { hostId } = config;
  const instance = randomUUID();
  let phase: HostStatus['phase'] = 'running';
  /** As last read; whoever needs a setting that may change while we run reads it here. */
  let current = config;

  const link = openRedisLink(config.redis, log);
  const { redis } = link;
  const isLinked = () => link.state().kind === 'ready';
  const clock = createClock(redis);
  let startedAt = clock.now();
  const hostClaim = claimHostId(redis, hostId);
  /** What we say about this host may be heard. */
  const maySpeak = () => isLinked() && hostClaim.isOurs();
  const events = createEventLog(redis, hostId, clock, log, scrub);
  const { emit } = events;
  const consumer = createJobConsumer(redis);
  const leases = createLeaseKeeper({
    consumer,
    leaseMs: config.leaseMs,
    intervalMs: Math.min(config.leaseMs / 3, config.pollIntervalMs),
    log,
  });
  const spool = openSpool(join(config.stateDir, 'spool'), redis, consumer, log);
  const submitted = rememberSubmitted(() => startedAt);
  const gpu = openNvidiaSmi({ command: config.nvidiaSmi });
  const { runtime, comfyOutputDir, ownRawRoot, inputsPath } = buildRuntime(config, gpu, log);
  const deliveries = openDeliveries({
    vps: config.vps,
    localRoot: config.outputsPath,
    inputsPath,
    comfyOutputDir,
    stateDir: config.stateDir,
    waitMs: config.deliveryWaitMs,
    log,
  });

  const fleet = createFleet({
    runtime,
    maxWorkers: Math.min(config.maxWorkers, runtime.maxWorkers),
    workerIdPrefix: config.workerIdPrefix,
    basePort: config.basePort,
    gpuIds: config.gpuIds,
    emit,
    log,
    onChange: () => {
      vram.forget();
      heartbeats.beat();
      status.soon();
    },
    startWorker: (slot, server) =>
      startWorker({
        workerId: slot.workerId,
        hostId,
        get mode() {
          return current.queueMode;
        },
        leaseMs: config.leaseMs,
        get pollIntervalMs() {
          return current.pollIntervalMs;
        },
        get jobTimeoutMs() {
          return current.jobTimeoutMs;
        },
        server,
        connectComfy: (endpoint) =>
          connectComfy(endpoint, {
            gpuBusy: () => isGpuBusy(gpu.reading().gpus, slot.gpu),
            onNotice: (sentence) => log.info({ workerId: slot.workerId }, sentence),
          }),
        consumer,
        leases,
        spool,
        outputs: deliveries.outputs,
        inputs: deliveries.inputs,
        clock,
        memory: sense.forWorker(slot.workerId),
        mayClaim: () => duty.isInOrder(),
        mayBeKnown: submitted.mayBeKnown,
        emit,
        onChange: () => status.soon(),
        log,
      }),
  });
  const vram = watchVram(gpu, () => fleet.servers());
  const sense = createVramSense({
    redis,
    stateDir: config.stateDir,
    workers: () => neighboursOf(fleet),
    reading: gpu.reading,
    byWorker: vram.byWorker,
    emit,
    log,
  });
  const disks = watchDisks([
    { use: 'outputs', path: config.outputsPath },
    { use: 'models', path: config.modelsPath },
    { use: 'agent', path: config.stateDir },
  ]);
  const rawFiles =
    ownRawRoot === null
      ? undefined
      : keepPruned({
          ...{ root: ownRawRoot, keepMs: config.keepRawMs },
          onPruned: (pruned) => log.info(pruned, 'ComfyUI’s copies of delivered files were removed'),
          onTrouble: (reason, files) => log.warn({ reason, files }, 'old files of ComfyUI cannot be removed'),
        });
  const desired = createDesiredReader({
    redis,
    hostId,
    initialWorkers: () => current.initialWorkers,
    clock,
    onDesired: (wanted) => fleet.want(wanted),
    onChange: () => status.soon(),
    emit,
    log,
  });
  const commands = createCommandReader({
    redis,
    hostId,
    clock,
    carryOut: (verb) => carryOut(verb, fleet),
    log,
  });

  const buildStatus = (): HostStatus => {
    const { gpus, error } = gpu.reading();
    const revisions = desired.revisions();
    return {
      protocol: PROTOCOL_VERSION,
      hostId,
      agentVersion: AGENT_VERSION,
      instance,
      at: clock.now(),
      startedAt,
      nextWithinMs: NEXT_WITHIN_MS,
      phase,
      runtime: runtime.kind,
      queueMode: current.queueMode,
      desiredRevision: revisions.desired,
      controlRevision: revisions.control,
      maxWorkers: Math.min(config.maxWorkers, runtime.maxWorkers),
      guardMiB: current.guardMiB,
      workers: fleet.statuses(),
      gpus,
      gpuError: error,
      vram: vram.byWorker(),
      needs: sense.learned(),
      disks: disks.known(),
      finishing: fleet
        .workers()
        .flatMap((worker) => worker.finishing())
        .sort((a, b) => a.since - b.since)
        .slice(0, FINISHING_TOLD),
      files: deliveries.goTo,
      late: deliveries.backlog(),
    };
  };
  const status = publishHostStatus(redis, hostId, { build: buildStatus, mayTell: maySpeak, scrub }, log);
  const heartbeats = keepHeartbeats(redis, {
    ttlSeconds: config.heartbeatTtlSeconds,
    clock,
    isLinked: maySpeak,
    workerIds: () =>
      fleet.workers().flatMap((worker) => (worker.state().kind === 'failed' ? [] : worker.workerId)),
  });
  const frames = publishLiveFrames(redis, {
    hostId,
    clock,
    gpu,
    vram: vram.byWorker,
    progress: () => fleet.workers().flatMap((worker) => worker.progress() ?? []),
    isLinked: maySpeak,
  });
  const recover = createRecovery({
    spool,
    leases,
    fleet,
    consumer,
    ownClaims: ownClaimsIn(redis, consumer, { hostId, leaseMs: config.leaseMs }),
    emit,
    log,
  });

  const rescuer = rescueQueue({
    redis,
    consumer,
    hostId,
    instance,
    leases,
    adoptOwn: () => recover({ onlyExpired: true }),
    mayRun: () => duty.isInOrder(),
    emit,
    log,
  });

  const nudgeAll = () => {
    for (const worker of fleet.workers()) worker.nudge();
  };
  let greeted = false;
  const greet = () => {
    if (greeted) return;
    greeted = true;
    startedAt = clock.now();
    const version = `version ${AGENT_VERSION}, ${runtime.kind} runtime`;
    emit('agent-started', `The agent on ${hostId} started (${version})`);
  };
  const swallow = (work: Promise<unknown>) => {
    work.catch((cause: unknown) =>
      log.debug({ reason: toWorkshopError(cause).message }, 'Redis call failed'),
    );
  };
  let cleared = false;
  const clearLeftovers = async () => {
    // Before anybody has said what is wanted, nothing is unwanted.
    if (cleared || desired.revisions().desired === null) return;
    await fleet.clearLeftovers();
    cleared = true;
  };
  const duty = followRedis(
    link,
    {
      async putInOrder() {
        await hostClaim.renew();
        await clock.sync();
        greet();
        await recover({ onlyExpired: false });
        await desired.readDesired();
        swallow(clearLeftovers());
        events.flush();
      },
      async lookAtEverything() {
        await Promise.all([
          desired.readDesired(),
          desired.readControl(),
          commands.read(),
          leases.renewNow(),
          status.now(),
        ]);
        nudgeAll();
      },
      async keepUp() {
        await hostClaim.renew();
        await clock.sync();
        await recover({ onlyExpired: true });
        await clearLeftovers();
      },
      hasBacklog: () => !spool.isEmpty(),
      clearBacklog: () => recover({ onlyExpired: true }),
      onChange(changed) {
        // The running list counts too: whoever is at a cap may start another job when one ends.
        if (changed.has(keys.pending) || changed.has(keys.running) || changed.has(keys.control)) nudgeAll();
        if (changed.has(keys.control)) swallow(desired.readControl());
        if (changed.has(keys.hostDesired(hostId))) swallow(desired.readDesired());
        if (changed.has(keys.hostCommands(hostId))) swallow(commands.read());
        for (const key of changed) {
          const jobId = jobIdOfKey(key);
          if (jobId !== undefined) leases.check(jobId);
        }
      },
    },
    log,
  );

  const stop = shutDownInOrder({
    ...{ log, fleet, deliveries, runtime, link, gpu, status },
    hostClaim,
    announce(next) {
      phase = next;
      if (next === 'stopped') emit('agent-stopped', `The agent on ${hostId} stopped`);
    },
    outboxPath: join(config.stateDir, 'outbox'),
    timers: [duty, frames, heartbeats, leases, rescuer, sense, disks, ...(rawFiles ? [rawFiles] : [])],
    flushSpool: () => (isLinked() ? spool.flush() : undefined),
  });
  return {
    stop,
    reload(next) {
      current = next;
      status.soon();
    },
    async handOver() {
      await leases.renewNow();
    },
    hurry() {
      for (const worker of fleet.workers()) worker.hurry();
    },
  };
}
