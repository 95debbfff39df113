import type { HostView, WorkshopSnapshot } from '../workshop.ts';

/** What is being made, in a word that everybody knows; null when it is not known. */
export type RoomKind = 'image' | 'video' | 'sound' | '3d' | 'text' | null;

export interface RoomMaking {
  name: string;
  kind: RoomKind;
  /** 0 to 1; null while it cannot be known. */
  fraction: number | null;
  phase: 'preparing' | 'making' | 'finishing';
  /** When this was last heard of, local epoch ms; null when nobody says how it goes. */
  heardAt: number | null;
}

const naturally = new Intl.Collator('en', { numeric: true });

/** What is being made now: by host and worker, so that a tile keeps its place while its job lasts. */
export function makingOf(
  snapshot: Readonly<WorkshopSnapshot>,
  nameOf: (userId: string) => string,
): RoomMaking[] {
  const seen = new Set<string>();
  const list: RoomMaking[] = [];
  const hosts = Object.values(snapshot.hosts).sort((a, b) => naturally.compare(a.id, b.id));
  for (const host of hosts)
    for (const { jobId, ...made } of makingOn(host, snapshot.jobs, nameOf)) {
      const status = snapshot.jobs[jobId]?.status;
      // The queue may know first that a job has ended; its worker says so a moment later.
      if (seen.has(jobId) || (status !== undefined && status !== 'running' && status !== 'pending')) continue;
      seen.add(jobId);
      list.push(made);
    }
  // Jobs of workers that are not ours: the platform's own say nothing of their progress.
  const others = Object.values(snapshot.jobs)
    .filter(({ id, status, queue }) => status === 'running' && queue === 'running' && !seen.has(id))
    .sort((a, b) => naturally.compare(a.workerId ?? a.id, b.workerId ?? b.id));
  for (const job of others)
    list.push({
      name: nameOf(job.userId),
      kind: kindOf(job.kind),
      fraction: null,
      phase: 'making',
      heardAt: null,
    });
  return list;
}

function makingOn(
  host: HostView,
  jobs: WorkshopSnapshot['jobs'],
  nameOf: (userId: string) => string,
): (RoomMaking & { jobId: string })[] {
  const workers = [...(host.status?.workers ?? [])].sort((a, b) => naturally.compare(a.id, b.id));
  const finishing = host.status?.finishing ?? [];
  return workers.flatMap(({ id, state }) => {
    // What is brought away keeps its place, before what its worker has taken next.
    const leaving = finishing
      .filter(({ workerId }) => workerId === id)
      .map(({ jobId, userId }) => ({
        jobId,
        name: nameOf(userId),
        kind: kindOf(jobs[jobId]?.kind ?? ''),
        ...{ fraction: 1, phase: 'finishing' as const, heardAt: host.heardAt },
      }));
    if (state.kind !== 'busy' && state.kind !== 'draining') return leaving;
    const { jobId, userId, kind, phase: told } = state.job;
    const live = host.live?.progress.find((one) => one.workerId === id && one.jobId === jobId);
    const phase = live?.phase ?? told;
    return [
      ...leaving,
      {
        jobId,
        name: nameOf(userId),
        kind: kindOf(kind),
        fraction: live?.fraction ?? null,
        phase:
          phase === 'running'
            ? ('making' as const)
            : phase === 'delivering' || phase === 'settling'
              ? ('finishing' as const)
              : ('preparing' as const),
        heardAt: host.heardAt,
      },
    ];
  });
}

/** A kind of workflow ("ltx2 text to video") in one plain word. */
export function kindOf(label: string): RoomKind {
  if (/video/i.test(label)) return 'video';
  if (/audio|music|speech|sound/i.test(label)) return 'sound';
  if (/\b3d\b/i.test(label)) return '3d';
  if (/image|upscale/i.test(label)) return 'image';
  return /\btext$/i.test(label) ? 'text' : null;
}
