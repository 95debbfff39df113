import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { StepId, StepView } from '../../domain/deploy/deploy-view.ts';
import { placesIn } from '../../domain/deploy/layout.ts';
import { carryOut } from './carry-out.ts';
import { type LockOwner, lockHost } from './host-lock.ts';
import { type Looked, lookOver, NODE_VERSION, type RunNeeds } from './look-over.ts';
import { lacksRights, onMachine } from './machine.ts';
import type { AgentEar } from './roles.ts';
import { mayStillRun } from './run-work.ts';

/** What a run has claimed is renewed so often, ms. */
const RENEW_MS = 40_000;

export interface RunReports {
  looked(looked: Looked): void;
  step(id: StepId, change: Partial<Pick<StepView, 'state' | 'progress'>>): void;
  say(line: string): void;
  login(url: string | null): void;
  /** What is waited for before anything begins; null: no longer. */
  waits(what: string | null): void;
}

/** Looks, and claims the names of its workers: two consoles may be deploying to two new hosts at this moment. */
async function lookClaimed(needs: Parameters<typeof carryThrough>[0], reports: RunReports): Promise<Looked> {
  const { hostId } = needs.target;
  const first = await lookOver(needs);
  reports.looked(first);
  if (needs.act !== 'deploy') return first;
  const holder = await needs.claimPrefix(first.prefix, hostId);
  if (holder === null || holder === hostId) return first;
  const { neighbours } = needs;
  const prefixes = new Set([...neighbours.prefixes, first.prefix]);
  const other = await lookOver({ ...needs, neighbours: { ...neighbours, prefixes } });
  const second = other.prefix === first.prefix ? holder : await needs.claimPrefix(other.prefix, hostId);
  if (second !== null && second !== hostId)
    throw new WorkshopError(
      'CONFLICT',
      `The GPU host ${second} is being given workers named ${other.prefix}-1 and so on, and so would this machine.`,
      {
        remedy:
          'Two machines whose workers have one name take each other’s jobs. Give one of them another WORKER_ID_PREFIX in its .env, then press again. If that deployment was given up, the name is free after two minutes.',
      },
    );
  reports.looked(other);
  reports.say(`Its workers are named ${other.prefix}-1 and so on: ${holder} has “${first.prefix}”.`);
  return other;
}

/**
 * Does what is to be done to a machine. Its state is looked up, never remembered, so a run that broke off is resumed
 * by running again.
 * @throws WorkshopError of the step that failed.
 */
export async function carryThrough(
  needs: RunNeeds & {
    ear: AgentEar;
    owner: LockOwner;
    /** @returns the host that has a prefix, maybe this one; null where Redis cannot be asked. */
    claimPrefix(prefix: string, hostId: string): Promise<string | null>;
    password: string | null;
  },
  reports: RunReports,
): Promise<Looked> {
  const { host, target, signal, ear } = needs;
  const looked = await lookClaimed(needs, reports);
  const { found, steps, wanted } = looked;
  const stop = steps.find(({ state }) => state === 'blocked');
  if (stop?.problem)
    throw new WorkshopError(stop.problem.code, stop.problem.message, { remedy: stop.problem.remedy });
  const todo = steps.filter(({ state }) => state === 'needed');
  const changes = todo.some(({ id }) => id !== 'heartbeat');
  const lock = lockHost(host, found.root, needs.owner);
  let title = 'Deployment';
  const machine = onMachine(host, {
    ...{ sudo: found.sudo, password: needs.password, signal },
    work: {
      root: found.root,
      title: () => title,
      ending: () => reports.say(`Ending “${title}” on ${host.label}, and waiting until it has ended.`),
    },
  });
  const starts = todo.some(({ id }) => id === 'start');
  const heardBefore = starts ? (ear.heard(target.hostId)?.instance ?? null) : null;
  if (changes)
    await lock
      .take({ signal, say: reports.say, waits: reports.waits, end: machine.end })
      .finally(() => reports.waits(null));
  const letGo = changes ? lock.keep() : () => {};
  const named = setInterval(() => {
    if (needs.act === 'deploy') void needs.claimPrefix(looked.prefix, target.hostId);
  }, RENEW_MS);
  /** Steps that a later look found done: one step as root may let us see, or bring along, what the next one is for. */
  const settled = new Set<StepId>();
  let unproven = false;
  try {
    for (const step of todo) {
      signal.throwIfAborted();
      if (settled.has(step.id)) {
        reports.step(step.id, { state: 'done' });
        continue;
      }
      // Fencing: whoever took the lock meanwhile is the only one to go on.
      if (changes && step !== todo[0]) await lock.hold();
      title = step.title;
      reports.step(step.id, { state: 'running', progress: null });
      try {
        await carryOut(step, {
          ...{ machine, found, wanted, ear, signal, heardBefore },
          bundle: needs.bundle,
          envText: looked.envText,
          hostId: target.hostId,
          ...looked.delivery,
          say: reports.say,
          login: reports.login,
          progress: (progress) => reports.step(step.id, { progress }),
        });
      } catch (cause) {
        if (lacksRights(cause)) needs.withoutRights.add(found.user);
        unproven = mayStillRun(cause);
        reports.step(step.id, { state: 'failed' });
        throw cause;
      }
      reports.step(step.id, { state: 'finished', progress: null });
      // Who was just let use Docker is let by the next login only.
      if (step.id === 'docker' && found.sudo !== 'root') await host.renew?.();
      // What comes after depends on Node, Docker and the user's rights as they are now.
      if (step.asRoot && step.id !== 'service') {
        const again = await lookOver(needs).catch(() => undefined);
        Object.assign(found, again?.found);
        for (const { id, state } of again?.steps ?? []) if (state === 'done') settled.add(id);
      }
      if (step.id === 'node') found.node = { version: NODE_VERSION, path: placesIn(found.root).node };
    }
  } finally {
    letGo();
    clearInterval(named);
    // A broken link leaves the lock, and so does what may still run there: it dies by itself, and this console may take
    // it again at once.
    if (changes && !unproven) await lock.release().catch(() => {});
  }
  return looked;
}
