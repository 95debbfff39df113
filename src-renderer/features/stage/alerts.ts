import { cut, gigabytes, plural } from '../../components/format.ts';
import type { Tone } from '../../components/tone.ts';
import { sentenceOf } from './describe-link.ts';
import type { StageFacts } from './facts.ts';
import { healthOf } from './host-health.ts';

/** Something that needs a person, with the act or place that mends it. */
export interface Alert {
  /** Stable while the same thing is meant. */
  key: string;
  tone: Extract<Tone, 'warn' | 'fail'>;
  text: string;
  action:
    | { kind: 'restart-worker'; hostId: string; workerId: string }
    | { kind: 'free-vram'; hostId: string; workerId: string }
    | { kind: 'show-jobs'; status: 'failed' | 'unreadable' }
    | null;
}

/** All that needs a person now, most pressing first. While Redis is lost, that alone: the rest is not known. */
export function alertsOf(facts: StageFacts, now: number): Alert[] {
  const { redis } = facts.links;
  if (facts.line.kind === 'live' && redis.kind === 'lost') {
    const text = `${sentenceOf(cut(redis.why, 300))} ${sentenceOf(redis.remedy)}`;
    return [{ key: 'redis', tone: 'fail', text, action: null }];
  }
  const alerts: Alert[] = [];
  if (facts.notice) alerts.push({ key: 'notice', tone: 'warn', text: cut(facts.notice, 300), action: null });
  const several = Object.keys(facts.hosts).length > 1;
  for (const host of Object.values(facts.hosts)) {
    if (healthOf(host, facts, now).kind !== 'reporting' || !host.status) continue;
    const on = several ? ` on ${host.id}` : '';
    for (const worker of host.status.workers)
      if (worker.state.kind === 'failed')
        alerts.push({
          key: `failed/${host.id}/${worker.id}`,
          tone: 'fail',
          text: `${worker.id}${on} has failed: ${sentenceOf(cut(worker.state.error.message, 160))}`,
          action: { kind: 'restart-worker', hostId: host.id, workerId: worker.id },
        });
    const { guardMiB } = host.status;
    for (const gpu of host.live?.gpus ?? []) {
      const used = gpu.memoryUsedMiB;
      if (guardMiB === null || used === null || used <= guardMiB) continue;
      const idle = host.status.workers.find(
        ({ state, gpuIndex }) => state.kind === 'idle' && gpuIndex === gpu.index,
      );
      alerts.push({
        key: `guard/${host.id}/${gpu.index}`,
        tone: 'warn',
        text: `GPU ${gpu.index}${on} holds ${gigabytes(used)} GB of VRAM, above the guard of ${gigabytes(guardMiB)} GB. Large jobs may run out of memory.`,
        action: idle ? { kind: 'free-vram', hostId: host.id, workerId: idle.id } : null,
      });
    }
    if (host.status.gpuError)
      alerts.push({
        key: `gpu/${host.id}`,
        tone: 'warn',
        text: `The GPU${on} cannot be read: ${sentenceOf(cut(host.status.gpuError.message, 160))} ${host.status.gpuError.remedy ?? ''}`.trim(),
        action: null,
      });
  }
  const parked = facts.counts?.deadLetter ?? 0;
  if (parked > 0)
    alerts.push({
      key: 'dead-letter',
      tone: 'warn',
      text: `${plural(parked, 'job')} could not be read and ${parked === 1 ? 'was' : 'were'} set aside.`,
      action: { kind: 'show-jobs', status: 'unreadable' },
    });
  return alerts.sort((a, b) => (a.tone === b.tone ? 0 : a.tone === 'fail' ? -1 : 1));
}
