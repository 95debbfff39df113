import { freshMachineGpus } from '../hosts/machine-view.ts';
import type { HostView } from '../workshop.ts';
import type { Reading } from './alert.ts';
import { type AlertFacts, gb, knowsHost, knowsQueue, liveHosts, quoted, reading, span } from './facts.ts';

/** Bytes in a GB, as disks are sold and df -H prints. */
const GB = 1e9;
/** VRAM must fall this far below the guard before the alert ends, MiB. */
const GUARD_SLACK_MIB = 1024;

/** Rules that the agent's own word decides. */
const JUDGED = [
  'worker-failed',
  'workers-missing',
  'vram-guard',
  'gpu-unreadable',
  'disk-low',
  'job-stuck',
] as const;
export const HOST_RULES = [...JUDGED, 'agent-silent'] as const;

/** One GPU host: its agent, workers, cards and disks. @returns readings, and beginnings of keys that cannot be judged. */
export function lookAtHost(host: HostView, facts: AlertFacts): { readings: Reading[]; blind: string[] } {
  const { snapshot, now } = facts;
  const { id, status } = host;
  const of = (rule: string) => `${rule}/${id}/`;
  if (!knowsQueue(snapshot, now)) return { readings: [], blind: HOST_RULES.map(of) };
  if (!status || host.heardAt === null) return { readings: [], blind: JUDGED.map(of) };
  if (status.phase === 'stopped') return { readings: [], blind: [] };
  if (!knowsHost(host, snapshot, now)) return { readings: silence(host, facts), blind: JUDGED.map(of) };
  const live = liveHosts(snapshot, now).has(id);
  return {
    readings: [
      ...failedWorkers(host, facts),
      ...missingWorkers(host, facts),
      ...(live ? guard(host, facts) : []),
      ...unreadableGpu(host, facts),
      ...disks(host, facts),
      ...(live ? stuckJobs(host, facts) : []),
    ],
    blind: live ? [] : [of('vram-guard'), of('job-stuck')],
  };
}

const where = (host: HostView, { snapshot }: AlertFacts) =>
  Object.keys(snapshot.hosts).length > 1 ? ` on ${host.id}` : '';

function silence(host: HostView, { now, threshold }: AlertFacts): Reading[] {
  const { heardAt, status } = host;
  if (heardAt === null || !status) return [];
  const late = now - heardAt - status.nextWithinMs;
  if (late <= threshold('agent-silent') * 1000) return [];
  const workers = status.workers.length;
  const whose = workers === 0 ? '' : ` and of its ${workers === 1 ? 'worker' : `${workers} workers`}`;
  return [
    reading('agent-silent', `${host.id}/`, 'over', {
      severity: 'fail',
      text: `Nothing has been heard of the agent on ${host.id}${whose} for ${minutes(now - heardAt)}. Its jobs go back to the queue by themselves once their leases end, if another agent runs.`,
      action: { kind: 'show-host', hostId: host.id },
    }),
  ];
}

/** Whole steps, so that a text does not change every second. */
const minutes = (ms: number) => (ms < 60_000 ? 'half a minute' : span(Math.floor(ms / 60_000) * 60_000));

function failedWorkers(host: HostView, facts: AlertFacts): Reading[] {
  return (host.status?.workers ?? []).flatMap(({ id, state }) => {
    if (state.kind !== 'failed') return [];
    return reading('worker-failed', `${host.id}/${id}`, 'over', {
      severity: 'fail',
      text: `${id}${where(host, facts)} has failed: ${quoted(state.error.message, 160)}`,
      action: { kind: 'restart-worker', hostId: host.id, workerId: id },
    });
  });
}

function missingWorkers(host: HostView, facts: AlertFacts): Reading[] {
  const { status, desired } = host;
  if (!status || !desired || status.desiredRevision !== desired.revision) return [];
  const wanted = Math.min(desired.workers, status.maxWorkers);
  const coming = status.workers.some(({ state }) => state.kind === 'starting' || state.kind === 'stopping');
  if (status.workers.length >= wanted || coming) return [];
  const since = Math.max(desired.at, status.startedAt) - (facts.snapshot.clockOffsetMs ?? 0);
  if (facts.now - since < facts.threshold('workers-missing') * 1000) return [];
  return [
    reading('workers-missing', `${host.id}/`, 'over', {
      severity: 'warn',
      text: `${wanted} workers are wanted${where(host, facts)}, ${status.workers.length} are there and none is on its way.`,
      action: { kind: 'set-count', hostId: host.id, workers: wanted },
    }),
  ];
}

function guard(host: HostView, facts: AlertFacts): Reading[] {
  return (host.live?.gpus ?? []).flatMap(({ index, memoryUsedMiB: used }) => {
    const guardMiB = facts.capacity.guardMiB(host.id, index);
    const above = guardMiB === null ? null : aboveGuard(used, guardMiB);
    if (above === null) return [];
    const idle = host.status?.workers.find(
      ({ state, gpuIndex }) =>
        state.kind === 'idle' &&
        (gpuIndex === index || (gpuIndex === null && host.status?.gpus.length === 1)),
    );
    return reading('vram-guard', `${host.id}/${index}`, above.verdict, {
      severity: 'warn',
      text: `GPU ${index}${where(host, facts)} holds ${above.words}. Large jobs may have to wait for memory.`,
      action: idle
        ? { kind: 'free-vram', hostId: host.id, workerId: idle.id }
        : { kind: 'open', place: 'capacity' },
    });
  });
}

function aboveGuard(
  used: number | null,
  guardMiB: number,
): { verdict: Reading['verdict']; words: string } | null {
  if (used === null || used <= guardMiB - GUARD_SLACK_MIB) return null;
  const rounded = gb(Math.round(used / 102.4) * 102.4);
  return {
    verdict: used > guardMiB ? 'over' : 'between',
    words: `${rounded} GB of VRAM, above the guard of ${gb(guardMiB)} GB`,
  };
}

/**
 * The cards of hosts whose agents do not tell, as nvidia-smi does: over SSH before an agent is there, and while Redis
 * is down. @returns `seen`: beginnings of keys that are judged here, though the agent is not heard.
 */
export function lookAtMachineGpus({ snapshot, now }: AlertFacts): { readings: Reading[]; seen: string[] } {
  const cards = freshMachineGpus(snapshot, now).flatMap(({ hostId, name, gpus, guards }) =>
    gpus.flatMap(({ index, memoryUsedMiB: used }) => {
      const guard = guards.find((one) => one.index === index)?.guardMiB ?? null;
      return used === null || guard === null ? [] : [{ hostId, name, index, above: aboveGuard(used, guard) }];
    }),
  );
  return {
    seen: cards.map(({ hostId, index }) => `vram-guard/${hostId}/${index}`),
    readings: cards.flatMap(({ hostId, name, index, above }) => {
      if (above === null) return [];
      return reading('vram-guard', `${hostId}/${index}`, above.verdict, {
        severity: 'warn',
        text: `GPU ${index} of ${quoted(name, 60).replace(/\.$/, '')} holds ${above.words}, as nvidia-smi says there: its agent is not heard. Large jobs may have to wait for memory.`,
        action: { kind: 'open', place: 'capacity' },
      });
    }),
  };
}

function unreadableGpu(host: HostView, facts: AlertFacts): Reading[] {
  const error = host.status?.gpuError;
  if (!error) return [];
  const remedy = error.remedy ? ` ${quoted(error.remedy, 160)}` : '';
  return [
    reading('gpu-unreadable', `${host.id}/`, 'over', {
      severity: 'warn',
      text: `The GPU${where(host, facts)} cannot be read: ${quoted(error.message, 160)}${remedy}`,
      action: { kind: 'show-host', hostId: host.id },
    }),
  ];
}

function disks(host: HostView, facts: AlertFacts): Reading[] {
  const limit = facts.threshold('disk-low') * GB;
  return (host.status?.disks ?? []).flatMap((disk) => {
    // A small disk is not nearly full by its size alone.
    const least = Math.min(limit, disk.totalBytes * 0.2);
    if (disk.freeBytes >= least * 1.1) return [];
    const free = (disk.freeBytes / GB).toFixed(disk.freeBytes < 10 * GB ? 1 : 0);
    const total = Math.round(disk.totalBytes / GB);
    return reading('disk-low', `${host.id}/${disk.path}`, disk.freeBytes < least ? 'over' : 'between', {
      severity: disk.freeBytes < least / 4 ? 'fail' : 'warn',
      text: `The disk with ${quoted(disk.path, 80).replace(/\.$/, '')} (${disk.use})${where(host, facts)} has ${free} GB left of ${total} GB. A full disk stops outputs and downloads.`,
      action: { kind: 'show-host', hostId: host.id },
    });
  });
}

function stuckJobs(host: HostView, facts: AlertFacts): Reading[] {
  const limit = facts.threshold('job-stuck') * 60_000;
  return facts.running.flatMap(({ hostId, workerId, job, stillSince, slowPhase }) => {
    const still = facts.now - stillSince;
    if (hostId !== host.id || still < (slowPhase ? 2 * limit : limit)) return [];
    return reading('job-stuck', `${host.id}/${job.jobId}`, 'over', {
      severity: 'warn',
      text: `${quoted(job.userId, 60).replace(/\.$/, '')}'s ${quoted(job.kind, 60).replace(/\.$/, '')} on ${workerId} shows no progress for ${minutes(still)}.`,
      action: { kind: 'interrupt-job', jobId: job.jobId },
    });
  });
}
