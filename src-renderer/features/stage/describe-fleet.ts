import type { HostView, WorkerStatus } from '../../../src-main/api/types.ts';
import { sentenceOf, untilText } from '../../components/describe-link.ts';
import { clockText, cut, listText, plural } from '../../components/format.ts';
import { toLocal } from '../../live/clock.ts';
import { absencesOf } from './describe-agents.ts';
import { describeScaling } from './describe-scaling.ts';
import { describeWhatIf } from './describe-what-if.ts';
import type { StageFacts } from './facts.ts';
import { healthOf, tellsNow, upOf, wantedOf } from './host-health.ts';
import type { NextStep, StageSentence } from './stage-sentence.ts';

/** A worker together with its host and the name that tells it apart. */
interface Named {
  host: HostView;
  worker: WorkerStatus;
  name: string;
}

/** Idle workers beside waiting jobs mean something only once it lasts, ms: a claim takes moments. */
const ODD_AFTER = 5000;

/** Says what the workers do; called when at least one agent reports. */
export function describeFleet(facts: StageFacts, now: number): StageSentence {
  const hosts = Object.values(facts.hosts).filter((host) => tellsNow(healthOf(host, facts, now)));
  const several = Object.keys(facts.hosts).length > 1;
  const workers: Named[] = hosts.flatMap((host) =>
    (host.status?.workers ?? []).map((worker) => ({
      host,
      worker,
      name: several ? `${worker.id} on ${host.id}` : worker.id,
    })),
  );
  const sentences = {
    failed: failures(workers, facts, now),
    absent: absencesOf(facts, now),
    scaling: describeScaling(hosts, facts, now),
    draining: drainings(workers),
    queue: queueSentence(facts, workers, now),
    whatIf: describeWhatIf(facts.waits, hosts, facts.capacity),
  };
  const { headline, tone, next } = headlineOf(facts, hosts, workers);
  const trouble = sentences.failed.length > 0 || sentences.absent.length > 0;
  const failed = workers.filter(({ worker }) => worker.state.kind === 'failed');
  return {
    headline,
    tone: failed.length > 0 && failed.length === workers.length ? 'fail' : trouble ? 'warn' : tone,
    details: [
      ...sentences.failed,
      ...sentences.absent,
      ...sentences.scaling,
      ...sentences.draining,
      sentences.queue,
      sentences.whatIf,
    ].filter(Boolean),
    next: next ?? restartStep(failed),
  };
}

function headlineOf(
  facts: StageFacts,
  hosts: HostView[],
  workers: Named[],
): Pick<StageSentence, 'headline' | 'tone' | 'next'> {
  const wanted = hosts.reduce((sum, host) => sum + (wantedOf(host) ?? 0), 0);
  const up = hosts.flatMap(upOf);
  const of = (kind: WorkerStatus['state']['kind']) => up.filter(({ state }) => state.kind === kind).length;
  const working = of('busy') + of('draining');
  const stopping = hosts.find((host) => host.status?.phase === 'stopping');

  if (stopping && hosts.length === 1)
    return {
      tone: 'warn',
      headline: `The agent on ${stopping.id} is stopping.`,
      next: null,
    };
  if (facts.control?.held) return { tone: 'warn', headline: 'The queue is held.', next: { kind: 'release' } };
  if (wanted === 0 && workers.length === 0) {
    const host = hosts[0];
    return {
      tone: 'off',
      headline: 'No worker is running.',
      next: host ? { kind: 'start', hostId: host.id, workers: 1 } : null,
    };
  }
  if (up.length === 0) {
    const failed = workers.filter(({ worker }) => worker.state.kind === 'failed').length;
    if (failed > 0 && failed === workers.length)
      return {
        tone: 'fail',
        headline: failed === 1 ? 'The only worker has failed.' : `All ${failed} workers have failed.`,
        next: null,
      };
    return { tone: 'wait', headline: 'No worker is ready yet.', next: null };
  }
  const drained = of('drained');
  if (drained === up.length && up.length >= wanted)
    return {
      tone: 'warn',
      headline: up.length === 1 ? 'The only worker is drained.' : `All ${up.length} workers are drained.`,
      next: hosts.length === 1 && hosts[0] ? { kind: 'resume', hostId: hosts[0].id } : null,
    };
  if (up.length < wanted)
    return {
      tone: working > 0 ? 'busy' : 'wait',
      headline: `${up.length} of ${wanted} workers running.`,
      next: null,
    };
  if (working === up.length)
    return {
      tone: 'busy',
      headline: working === 1 ? 'The worker is busy.' : `All ${working} workers are busy.`,
      next: null,
    };
  if (working > 0)
    return {
      tone: 'busy',
      headline: `${working} of ${plural(up.length, 'worker')} ${working === 1 ? 'is' : 'are'} busy.`,
      next: null,
    };
  const ready = of('idle');
  return {
    tone: 'ok',
    headline:
      ready === up.length
        ? allReady(ready)
        : `${ready} of ${up.length} workers ${ready === 1 ? 'is' : 'are'} ready.`,
    next: null,
  };
}

const allReady = (count: number) =>
  count === 1 ? 'The worker is ready.' : `All ${count} workers are ready.`;

/** "worker-2 has failed: …" with why, when it tries again, and what mends it. At most two are spelled out. */
function failures(workers: Named[], facts: StageFacts, now: number): string[] {
  const failed = workers.flatMap(({ worker, name }) =>
    worker.state.kind === 'failed' ? [{ name, state: worker.state }] : [],
  );
  const told = failed.slice(0, 2).map(({ name, state }) => {
    const retryAt = toLocal(state.retryAt, facts.clockOffsetMs);
    const after =
      retryAt === null
        ? state.error.remedy
          ? sentenceOf(state.error.remedy)
          : 'Restart it from its card.'
        : `It tries again ${untilText(retryAt, now)}.`;
    return `${name} has failed: ${sentenceOf(cut(state.error.message, 200))} ${after}`;
  });
  const rest = failed.slice(2).map(({ name }) => name);
  return rest.length === 0
    ? told
    : [...told, `${listText(rest)} ${rest.length === 1 ? 'has' : 'have'} failed too.`];
}

function restartStep(failed: Named[]): NextStep | null {
  const needing = failed.find(
    ({ worker }) => worker.state.kind === 'failed' && worker.state.retryAt === null,
  );
  return needing ? { kind: 'restart-worker', hostId: needing.host.id, workerId: needing.worker.id } : null;
}

/** Workers that finish their job because somebody drained them. */
function drainings(workers: Named[]): string[] {
  const at = workers.filter(
    ({ host, worker }) => worker.state.kind === 'draining' && host.desired?.drained.includes(worker.id),
  );
  const done = workers.filter(({ worker }) => worker.state.kind === 'drained');
  const first = at[0];
  const sentences: string[] = [];
  if (at.length === 1 && first?.worker.state.kind === 'draining')
    sentences.push(`${first.name} takes no more after ${cut(first.worker.state.job.userId, 40)}'s job.`);
  else if (at.length > 1)
    sentences.push(`${listText(at.map(({ name }) => name))} take no more after their jobs.`);
  if (done.length > 0 && done.length < workers.length)
    sentences.push(`${listText(done.map(({ name }) => name))} ${done.length === 1 ? 'is' : 'are'} drained.`);
  return sentences;
}

/** Who waits, and why nothing starts if nothing does. */
function queueSentence(facts: StageFacts, workers: Named[], now: number): string {
  const { counts, control } = facts;
  if (!counts) return '';
  const waiting = counts.pending;
  if (control?.held) {
    const since = toLocal(control.at, facts.clockOffsetMs);
    const running =
      counts.running > 0
        ? `${plural(counts.running, 'running job')} ${counts.running === 1 ? 'goes' : 'go'} on; `
        : '';
    const by = `Held${since === null ? '' : ` since ${clockText(since, now)}`} by ${cut(control.by, 60)}.`;
    return `${by} ${capital(`${running}${waiting === 0 ? 'nothing waits' : `${plural(waiting, 'job')} ${waiting === 1 ? 'waits' : 'wait'} until you release it`}.`)}`;
  }
  const idleLong = workers.filter(
    ({ worker }) =>
      worker.state.kind === 'idle' &&
      now - (toLocal(worker.state.since, facts.clockOffsetMs) ?? now) > ODD_AFTER,
  );
  if (waiting === 0) return 'Nothing waits.';
  const wait = `${plural(waiting, 'job')} ${waiting === 1 ? 'waits' : 'wait'}`;
  if (idleLong.length > 0 && control && control.heldUsers.length > 0)
    return `${wait}, all or some of them held for ${listText(control.heldUsers.map((user) => cut(user, 40)))}.`;
  if (idleLong.length > 0)
    return `${wait} although ${listText(idleLong.map(({ name }) => name))} ${idleLong.length === 1 ? 'is' : 'are'} idle.`;
  return `${wait}.`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
