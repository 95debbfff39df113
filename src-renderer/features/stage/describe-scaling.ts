import type { HostView, WorkerStatus } from '../../../src-main/api/types.ts';
import { listText, plural, spanText } from '../../components/format.ts';
import { toLocal } from '../../live/clock.ts';
import type { StageFacts } from './facts.ts';
import { isScaling, upOf, wantedOf } from './host-health.ts';

/** The way from what runs to what is wanted, for all hosts: each in words, or together when there are several. */
export function describeScaling(hosts: HostView[], facts: StageFacts, now: number): string[] {
  const scaling = hosts.filter(isScaling);
  const [only] = scaling;
  if (!only) return [];
  if (scaling.length === 1) return [describeOne(only, facts, now)];
  const count = (kind: WorkerStatus['state']['kind']) =>
    scaling.reduce((sum, host) => sum + inState(host, kind).length, 0);
  const parts = [
    count('starting') > 0 ? `${plural(count('starting'), 'worker')} loading` : '',
    count('stopping') > 0 ? `${plural(count('stopping'), 'worker')} stopping` : '',
  ].filter(Boolean);
  const where = listText(scaling.map(({ id }) => id));
  return [`Scaling on ${where}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}.`];
}

/** "Scaling 1 → 3: worker-2 and worker-3 are loading, 40 s so far, usually ready after 70 s." */
function describeOne(host: HostView, facts: StageFacts, now: number): string {
  const wanted = wantedOf(host) ?? 0;
  const up = upOf(host).length;
  const starting = inState(host, 'starting');
  const stopping = inState(host, 'stopping');
  const leaving = leavingOf(host, wanted);
  const parts: string[] = [];
  if (starting.length > 0) {
    const since = Math.min(...starting.map(({ state }) => toLocal(state.since, facts.clockOffsetMs) ?? now));
    const usual = facts.usualStartMs === null ? '' : `, usually ready after ${spanText(facts.usualStartMs)}`;
    parts.push(`${names(starting)} ${be(starting)} loading, ${spanText(now - since)} so far${usual}`);
  }
  if (leaving.length > 0)
    parts.push(`${names(leaving)} ${leaving.length === 1 ? 'finishes its job' : 'finish their jobs'} first`);
  if (stopping.length > 0) parts.push(`${names(stopping)} ${be(stopping)} stopping`);
  if (parts.length === 0)
    parts.push(
      host.desired && host.status?.desiredRevision !== host.desired.revision
        ? 'the agent has not taken it up yet'
        : 'the agent is at it',
    );
  const where = Object.keys(facts.hosts).length > 1 ? ` on ${host.id}` : '';
  const way = up === wanted ? '' : `Scaling ${up} → ${wanted}${where}: `;
  const text = `${way}${parts.join('; ')}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Workers that finish a job although nobody drained them: they leave after it. */
function leavingOf(host: HostView, wanted: number): WorkerStatus[] {
  const workers = host.status?.workers ?? [];
  if (workers.length <= wanted) return [];
  return workers.filter(({ id, state }) => state.kind === 'draining' && !host.desired?.drained.includes(id));
}

const inState = (host: HostView, kind: WorkerStatus['state']['kind']) =>
  (host.status?.workers ?? []).filter(({ state }) => state.kind === kind);
const names = (workers: WorkerStatus[]) => listText(workers.map(({ id }) => id));
const be = (workers: WorkerStatus[]) => (workers.length === 1 ? 'is' : 'are');
