import type { Logger } from 'pino';
import type { ComfyServer } from '../comfy/roles.ts';
import type { QueueMode } from '../contract/desired.ts';
import { toWorkshopError } from '../contract/errors.ts';
import type { MemoryWait, WorkerState } from '../contract/host.ts';
import type { JobProgress } from '../contract/telemetry.ts';
import type { InputSupply, OutputDelivery } from '../outputs/roles.ts';
import type { Claim, JobConsumer } from '../queue/roles.ts';
import type { ManagedServer } from '../runtime/roles.ts';
import type { Clock } from './clock.ts';
import { createComfyAccess } from './comfy-access.ts';
import type { Emit } from './event-log.ts';
import { type Finished, finishJob } from './finish-job.ts';
import { createFinishing } from './finishing.ts';
import { GiveUpError } from './job-abort.ts';
import { createJobInHand, type JobInHand } from './job-in-hand.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { JobMemory, WorkerMemory } from './memory/roles.ts';
import { runJob } from './run-job.ts';
import type { Spool } from './spool.ts';
import { createWake } from './wake.ts';

export interface WorkerDeps {
  workerId: string;
  hostId: string;
  mode: QueueMode;
  leaseMs: number;
  pollIntervalMs: number;
  jobTimeoutMs: number;
  server: ManagedServer;
  connectComfy: (endpoint: string) => ComfyServer;
  consumer: JobConsumer;
  leases: LeaseKeeper;
  spool: Spool;
  outputs: OutputDelivery;
  /** Undefined when inputs are not fetched from anywhere. */
  inputs?: InputSupply | undefined;
  clock: Clock;
  memory: WorkerMemory;
  /** Whether Redis is there and nothing of an earlier life waits to be put in order first. */
  mayClaim: () => boolean;
  /** Whether this agent may have given the prompt to a ComfyUI before. */
  mayBeKnown: (job: { id: string; createdAt: string | number }) => boolean;
  emit: Emit;
  /** Called at every change of state. */
  onChange: () => void;
  log: Logger;
}

/** What a worker is meant to do next; a job in hand is always finished first. */
export type Intent = 'work' | 'drain' | 'leave';

export interface Worker {
  readonly workerId: string;
  state(): WorkerState;
  progress(): JobProgress | null;
  comfyVersion(): string | null;
  counts(): { completed: number; failed: number };
  setIntent(intent: Intent): void;
  /** There may be a job to claim, or something to claim it with. */
  nudge(): void;
  /** Hands over a job of an earlier life of this agent; it goes on before anything is claimed. */
  adopt(claim: Claim): void;
  /** True while a claim is on its way: what Redis says of this worker's claims is not settled. */
  isClaiming(): boolean;
  /** Interrupts the job in hand and gives it back to the queue. */
  hurry(): void;
  /** Restarts the ComfyUI server as soon as no job is in hand. */
  requestRestart(): void;
  /** Unloads ComfyUI's models as soon as no job is in hand. */
  requestFree(): void;
  /** Its ComfyUI while no job is in hand nor on its way. */
  idleComfy(): ComfyServer | undefined;
  /** Resolves once the worker has left. */
  readonly done: Promise<void>;
}

/** A claim with its lease being kept; what becomes of the job aborts `abort`. */
interface HeldClaim {
  claim: Claim;
  abort: AbortController;
  release: () => void;
}

/** Pause between two looks at a server that failed a job, ms. */
const PROBE_MS = 1000;
/** Between two looks at the memory that a job waits for, ms. */
const MEMORY_LOOK_MS = 500;
/** A slow way to the VPS must not pile up results here without end. */
const MAX_FINISHING = 4;

/**
 * One slot of a GPU host: waits for its ComfyUI, claims, runs, and claims again at once, while what is done is
 * delivered and settled beside it: the GPU does not wait for a disk or for the VPS.
 */
export function startWorker(deps: WorkerDeps): Worker {
  const { workerId, clock, server, log } = deps;
  const wake = createWake();
  const access = createComfyAccess(server, deps.connectComfy, clock, deps.memory.foundServer);
  /** Jobs of an earlier life; their leases are kept while they wait for the server. */
  const adopted: HeldClaim[] = [];
  const counts = { completed: 0, failed: 0 };
  let state: WorkerState = { kind: 'starting', since: clock.now(), note: 'waiting for ComfyUI' };
  let intent: Intent = 'work';
  let inHand: JobInHand | undefined;
  let abortJob: AbortController | undefined;
  const finishing = createFinishing(() => wake.notify());
  let claiming = false;
  let restartWanted = false;
  let freeWanted = false;

  const become = (next: WorkerState) => {
    const sameJob = !('job' in next && 'job' in state) || next.job.jobId === state.job.jobId;
    if (next.kind === state.kind && sameJob) next = { ...next, since: state.since };
    if (JSON.stringify(next) === JSON.stringify(state)) return;
    state = next;
    deps.onChange();
  };
  const rest = (timeoutMs = deps.pollIntervalMs) => wake.wait(timeoutMs);
  const unsubscribe = server.onChange(() => wake.notify());

  const hold = (claim: Claim): HeldClaim => {
    const abort = new AbortController();
    return { claim, abort, release: deps.leases.hold(claim, abort) };
  };
  /** Resolves as soon as ComfyUI is free for the next job; the rest of this one goes on by itself. */
  const work = async (held: HeldClaim, server: ComfyServer, resume: boolean): Promise<void> => {
    const executed = Promise.withResolvers<void>();
    const whole = carryOut(held, server, resume, executed.resolve);
    whole.catch((cause: unknown) => log.error({ workerId, err: cause }, 'a job was left unfinished'));
    await Promise.race([executed.promise, whole]);
  };
  const carryOut = async (
    { claim, abort, release }: HeldClaim,
    server: ComfyServer,
    resume: boolean,
    executed: () => void,
  ): Promise<void> => {
    const job = createJobInHand({ claim, workerId, onChange: () => become(jobState()) });
    if (job === undefined) {
      // It was readable when it was claimed; the queue parks what is not.
      release();
      await deps.consumer.park(claim, 'its text cannot be read').catch(() => {});
      deps.emit('job-parked', `Job ${claim.jobId} cannot be read and was set aside`, {
        jobId: claim.jobId,
        workerId,
      });
      return;
    }
    inHand = job;
    abortJob = abort;
    const { fields } = job.text;
    const who = { userId: fields.user_id, workerId };
    const overdue = setTimeout(
      () => abort.abort(new GiveUpError({ kind: 'timeout' })),
      Math.max(1000, job.startedAt + deps.jobTimeoutMs - clock.now()),
    );
    let memory: JobMemory | undefined;
    let finished: Finished | undefined;
    try {
      const admission = await deps.memory.admit({
        ...{ jobId: claim.jobId, userId: fields.user_id, workflow: job.workflow, comfy: server, resume },
        signal: abort.signal,
        onWait: () => become(jobState()),
      });
      if (admission.kind === 'pass-over') return await passOver(claim, admission.reason);
      memory = admission.memory;
      become(jobState());
      deps.emit(
        resume ? 'job-adopted' : 'job-claimed',
        `${workerId} ${resume ? 'carries on with' : 'took'} ${job.kind} of ${fields.user_id}`,
        { jobId: claim.jobId, ...who },
      );
      const ending = await runJob({
        job: job.text,
        workflow: job.workflow,
        workerId,
        attempt: claim.attempt,
        comfy: server,
        outputs: deps.outputs,
        inputs: deps.inputs,
        signal: abort.signal,
        jobTimeoutMs: deps.jobTimeoutMs,
        fresh:
          claim.attempt === 1 && !resume && !deps.mayBeKnown({ id: fields.id, createdAt: fields.created_at }),
        resume,
        onProgress: (progress) => {
          deps.server.noteProgress?.();
          job.onProgress(progress);
        },
        onExecuted: () => {
          deps.consumer.executed(claim).catch(() => {});
          memory?.ended(true);
          memory = undefined;
          inHand = undefined;
          abortJob = undefined;
          finishing.add(job, abort);
          executed();
        },
        memory,
        nowMicros: clock.nowMicros,
        log,
      });
      if (ending.kind === 'requeue') {
        access.suspect();
        if (ending.error.code === 'COMFY_STUCK') restartWanted = true;
      }
      job.settling();
      finished = await finishJob(deps, claim, who, ending);
      if (finished === 'completed') counts.completed++;
      if (finished === 'failed') counts.failed++;
    } finally {
      clearTimeout(overdue);
      release();
      memory?.ended(finished === 'completed');
      if (inHand === job) {
        inHand = undefined;
        abortJob = undefined;
      }
      finishing.remove(job);
    }
  };
  const jobState = (): WorkerState => {
    const since = clock.now();
    const shown = inHand ?? finishing.first();
    if (!shown) return { kind: 'idle', since };
    const waitingFor = inHand && deps.memory.waitingFor();
    const job = { ...shown.summary(), ...(waitingFor && { waitingFor }) };
    return { kind: intent === 'work' ? 'busy' : 'draining', since, job };
  };
  const passOver = async (claim: Claim, reason: string): Promise<void> => {
    try {
      await deps.consumer.requeue(claim, reason, { uncounted: true });
    } catch (cause) {
      // The lease ends by itself; whoever looks after lost leases gives the job back.
      log.warn(
        { jobId: claim.jobId, reason: toWorkshopError(cause).message },
        'job could not be given back yet',
      );
    }
  };

  const claimNext = async (exclude: readonly string[]): Promise<Claim | 'again' | undefined> => {
    claiming = true;
    try {
      const outcome = await deps.consumer.claim({
        hostId: deps.hostId,
        workerId,
        mode: deps.mode,
        leaseMs: deps.leaseMs,
        exclude,
      });
      if (outcome.kind === 'claimed') return outcome.claim;
      if (outcome.kind !== 'parked') return undefined;
      deps.emit('job-parked', `Job ${outcome.jobId} cannot be read and was set aside: ${outcome.reason}`, {
        jobId: outcome.jobId,
        workerId,
      });
      return 'again';
    } catch (cause) {
      log.debug({ workerId, reason: toWorkshopError(cause).message }, 'claim failed');
      return undefined;
    } finally {
      claiming = false;
    }
  };

  const restart = async () => {
    restartWanted = false;
    become({ kind: 'starting', since: clock.now(), note: 'restarting ComfyUI' });
    await server.restart();
    access.suspect();
  };
  const free = async (server: ComfyServer) => {
    freeWanted = false;
    await server
      .free()
      .catch((cause: unknown) =>
        log.warn({ workerId, reason: toWorkshopError(cause).message }, 'free failed'),
      );
  };

  /** Gives inherited jobs to others when this worker's server will not come. */
  const returnAdopted = async () => {
    for (const { claim, release } of adopted.splice(0)) {
      release();
      await deps.consumer
        .requeue(claim, `the ComfyUI of ${workerId} is not usable`)
        .catch((cause: unknown) =>
          log.warn({ jobId: claim.jobId, reason: toWorkshopError(cause).message }, 'requeue failed'),
        );
    }
  };

  /** Nothing new is begun until what is done is brought away. */
  const finish = () => {
    become(jobState());
    return rest();
  };

  const step = async (): Promise<void> => {
    if (finishing.size >= MAX_FINISHING) return finish();
    if (restartWanted) return finishing.size > 0 ? finish() : restart();
    const found = await access.find();
    if (found.kind === 'missing') {
      become(found.state);
      if (found.state.kind === 'failed') await returnAdopted();
      return rest(server.state().kind === 'ready' ? PROBE_MS : deps.pollIntervalMs);
    }
    const ready = found.comfy;
    const inherited = adopted.shift();
    if (inherited) return work(inherited, ready, true);
    if (freeWanted) return free(ready);
    if (intent === 'drain') {
      if (finishing.size > 0) return finish();
      if (state.kind !== 'drained') deps.emit('worker-drained', `${workerId} is drained`, { workerId });
      become({ kind: 'drained', since: clock.now() });
      return rest();
    }
    let waitingFor: MemoryWait | undefined;
    if (deps.mayClaim()) {
      const turn = await deps.memory.turn();
      if (turn.kind === 'claim') {
        const claim = await claimNext(turn.exclude);
        if (claim === 'again') return;
        if (claim) return work(hold(claim), ready, false);
        deps.memory.claimedNothing();
      }
      waitingFor = turn.waitingFor;
    }
    if (finishing.size > 0) become(jobState());
    else become({ kind: 'idle', since: clock.now(), ...(waitingFor && { waitingFor }) });
    return rest(waitingFor ? Math.min(MEMORY_LOOK_MS, deps.pollIntervalMs) : deps.pollIntervalMs);
  };

  const loop = async () => {
    while (intent !== 'leave' || adopted.length > 0 || finishing.size > 0) {
      try {
        await (intent === 'leave' && adopted.length === 0 ? finish() : step());
      } catch (cause) {
        const error = toWorkshopError(cause);
        log.error({ workerId, err: cause }, 'a worker step failed');
        become({
          kind: 'failed',
          since: clock.now(),
          error: error.toInfo(),
          retryAt: clock.now() + PROBE_MS,
        });
        await rest(PROBE_MS);
      }
    }
    become({ kind: 'stopping', since: clock.now() });
    unsubscribe();
    await access.close();
  };

  return {
    workerId,
    state: () => state,
    progress: () => (inHand ?? finishing.first())?.progress() ?? null,
    comfyVersion: access.version,
    counts: () => ({ ...counts }),
    setIntent(next) {
      if (next === intent) return;
      intent = next;
      if (inHand || finishing.size > 0) become(jobState());
      wake.notify();
    },
    nudge: () => wake.notify(),
    adopt(claim) {
      adopted.push(hold(claim));
      wake.notify();
    },
    isClaiming: () => claiming,
    idleComfy: () => (inHand || claiming ? undefined : access.current()),
    hurry() {
      for (const { release } of adopted.splice(0)) release();
      abortJob?.abort(new GiveUpError({ kind: 'shutdown' }));
      finishing.abortAll({ kind: 'shutdown' });
    },
    requestRestart() {
      restartWanted = true;
      wake.notify();
    },
    requestFree() {
      freeWanted = true;
      wake.notify();
    },
    done: loop(),
  };
}
