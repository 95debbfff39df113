import type { ComfyServer } from '../comfy/roles.ts';
import { toWorkshopError } from '../contract/errors.ts';
import { FINISHING_MOST, type MemoryWait, type WorkerState } from '../contract/host.ts';
import { createComfyAccess } from './comfy-access.ts';
import { type Finished, finishJob } from './finish-job.ts';
import { createFinishing } from './finishing.ts';
import { GiveUpError } from './job-abort.ts';
import { createJobInHand, type JobInHand } from './job-in-hand.ts';
import { createJobTaker, type HeldClaim } from './job-taker.ts';
import type { JobMemory } from './memory/roles.ts';
import { runJob } from './run-job.ts';
import { createWake } from './wake.ts';
import type { Intent, Worker, WorkerDeps } from './worker-roles.ts';

/** Pause between two looks at a server that failed a job, ms. */
const PROBE_MS = 1000;
/** Between two looks at the memory that a job waits for, ms. */
const MEMORY_LOOK_MS = 500;

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
  const finishing = createFinishing(() => {
    deps.onChange();
    wake.notify();
  });
  const taker = createJobTaker(deps);
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

  /** Resolves as soon as ComfyUI is free for the next job; the rest of this one goes on by itself. */
  const work = async (held: HeldClaim, server: ComfyServer, resume: boolean): Promise<void> => {
    const executed = Promise.withResolvers<void>();
    const whole = carryOut(held, server, resume, executed.resolve);
    whole.catch((cause: unknown) => log.error({ workerId, err: cause }, 'a job was left unfinished'));
    await Promise.race([executed.promise, whole]);
  };
  const carryOut = async (
    held: HeldClaim,
    server: ComfyServer,
    resume: boolean,
    executed: () => void,
  ): Promise<void> => {
    const { claim, abort, release } = held;
    const job = createJobInHand({ claim, workerId, onChange: () => become(jobState()) });
    // It was readable when it was claimed; the queue parks what is not.
    if (job === undefined) return taker.park(held);
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
      if (admission.kind === 'pass-over') return await taker.passOver(claim, admission.reason);
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
        computingFrom: resume ? null : clock.nowMicros(),
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
          finishing.add(job, abort, clock.now());
          deps.onChange();
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

  /** Nothing new is begun until what is done is brought away. */
  const finish = () => {
    become(jobState());
    return rest();
  };

  const step = async (): Promise<void> => {
    if (finishing.size >= FINISHING_MOST) return finish();
    if (restartWanted) return finishing.size > 0 ? finish() : restart();
    const found = await access.find();
    if (found.kind === 'missing') {
      become(found.state);
      if (found.state.kind === 'failed') await taker.giveBack(adopted.splice(0));
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
        const claim = await taker.next(turn.exclude);
        if (claim === 'again') return;
        if (claim) return work(taker.hold(claim), ready, false);
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
    finishing: () =>
      finishing.all().map(({ job, since }) => {
        const { jobId, userId } = job.summary();
        return { jobId, userId, workerId, since };
      }),
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
      adopted.push(taker.hold(claim));
      wake.notify();
    },
    isClaiming: taker.isClaiming,
    idleComfy: () => (inHand || taker.isClaiming() ? undefined : access.current()),
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
