import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { cancelAsQueueManager } from '../platform-cancel.ts';
import { submitAsQueueManager } from '../platform-job.ts';
import type { Submission, SubmissionLedger } from './ledger.ts';
import { unsettled } from './outcomes.ts';
import type { Random } from './random.ts';
import { type WorkflowChoice, writeWorkflow } from './workflows.ts';

export interface ParticipantOptions {
  userId: string;
  redis: Redis;
  ledger: SubmissionLedger;
  random: Random;
  /** Times faster than life. */
  speed: number;
  /** Wait before the first submission, ms, already in demo time. */
  firstAfterMs: number;
  signal: AbortSignal;
}

/** How one participant works: what they like, how long they look at a result, how much they put in at once. */
interface Persona {
  likes: readonly [readonly [WorkflowChoice, number], ...(readonly [WorkflowChoice, number])[]];
  /** Mean time between two submissions, seconds of life. */
  thinkSeconds: number;
  /** Waits for own jobs when this many are unfinished. */
  patience: number;
  /** Tends to put in several at once. */
  burst: number;
}

function createPersona(random: Random): Persona {
  const filmmaker = random.chance(0.4);
  return {
    likes: [
      ['sdxl', filmmaker ? 2 : 5],
      ['z-image', filmmaker ? 2 : 4],
      ['flux2', 3],
      ['upscale', 1.5],
      ['ltx2', filmmaker ? 4 : 1],
      ['wan2.2', filmmaker ? 2 : 0.3],
      ['missing-model', 0.4],
      ['ui-graph', 0.15],
    ],
    thinkSeconds: random.int(35, 140),
    patience: random.int(1, 4),
    burst: random.next() * 0.5,
  };
}

const CANCEL_PROBABILITY = 0.05;

/** One simulated participant: thinks, submits, waits, sometimes regrets. Ends when aborted or nothing is left to submit. */
export async function runParticipant(options: ParticipantOptions): Promise<void> {
  const { random, speed, signal, ledger } = options;
  const persona = createPersona(random);
  const mine: Submission[] = [];
  const pause = (ms: number) => wait(ms / speed, undefined, { signal });
  try {
    await wait(options.firstAfterMs, undefined, { signal });
    for (;;) {
      const choice = random.weighted(persona.likes);
      const count = random.chance(persona.burst) ? random.int(2, 4) : 1;
      for (let at = 0; at < count; at += 1) {
        if (!ledger.reserve()) return;
        const submission = await submit(
          options,
          choice,
          count > 1 ? { batch_index: at, batch_total: count } : {},
        );
        if (submission) mine.push(submission);
        await pause(150);
      }
      if (random.chance(CANCEL_PROBABILITY)) {
        await pause(random.exponential(6000));
        await cancelOne(options, mine);
      }
      await waitForRoom(options, mine, persona.patience, pause);
      await pause(2000 + random.exponential(persona.thinkSeconds * 1000));
    }
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}

async function submit(
  { userId, redis, ledger, random }: ParticipantOptions,
  choice: WorkflowChoice,
  batch: Record<string, number>,
): Promise<Submission | undefined> {
  const createdAtMicros = Date.now() * 1000 + random.int(0, 999);
  // The older frontend sends the editor's graph with these two fields, the newer one its batch (contract 7).
  const metadata =
    choice === 'ui-graph'
      ? { submitted_at: new Date(createdAtMicros / 1000).toISOString(), frontend: userId }
      : batch;
  const submission: Submission = { id: random.uuid(), userId, choice, state: 'accepted' };
  const workflow = writeWorkflow(choice, random);
  try {
    await submitAsQueueManager(redis, {
      id: submission.id,
      userId,
      workflow,
      priority: 2,
      createdAtMicros,
      metadata,
    });
  } catch {
    // The participant sees an error page and tries again later with a new job.
    submission.state = 'uncertain';
    ledger.release();
  }
  ledger.add(submission);
  return submission.state === 'accepted' ? submission : undefined;
}

async function cancelOne({ redis, random }: ParticipantOptions, mine: Submission[]): Promise<void> {
  try {
    const open = await unsettled(
      redis,
      mine.map((submission) => submission.id),
    );
    const candidates = mine.filter((submission) => open.has(submission.id));
    const [first, ...others] = candidates;
    if (!first) return;
    const chosen = random.pick([first, ...others]);
    const outcome = await cancelAsQueueManager(redis, chosen.id);
    if (outcome === 'deleted' || outcome === 'marked') chosen.cancelled = outcome;
  } catch {
    // Redis is away: the participant shrugs.
  }
}

async function waitForRoom(
  { redis, signal }: ParticipantOptions,
  mine: Submission[],
  patience: number,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const open = await unsettled(
        redis,
        mine.map((submission) => submission.id),
      );
      mine.splice(0, mine.length, ...mine.filter((submission) => open.has(submission.id)));
      if (mine.length < patience) return;
    } catch {
      // Redis is away: look again later.
    }
    await pause(1500);
  }
}
