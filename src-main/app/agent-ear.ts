import type { WorkshopSnapshot } from '../domain/workshop.ts';
import type { AgentEar } from '../services/deploy/roles.ts';

/** An agent that was not heard for longer does not count as living, ms. */
const LIVING_MS = 45_000;

/** Hears agents through the console's live model. */
export function agentEar(now: () => Readonly<WorkshopSnapshot>): AgentEar {
  return {
    heard(hostId) {
      const host = now().hosts[hostId];
      if (!host?.status || host.heardAt === null) return null;
      const { instance, phase, agentVersion, workers } = host.status;
      return {
        instance,
        at: host.heardAt,
        running: phase === 'running',
        version: agentVersion,
        workers: workers.length,
      };
    },
    workersElsewhere: (hostId) =>
      Object.entries(now().hosts).flatMap(([id, { status, heardAt }]) => {
        const lives = status && status.phase !== 'stopped' && Date.now() - (heardAt ?? 0) < LIVING_MS;
        return id === hostId || !lives ? [] : status.workers.map((worker) => worker.id);
      }),
    deaf() {
      const { name, links } = now();
      if (name === null)
        return {
          why: 'no workshop is set up here.',
          remedy: 'Connect this console to the workshop’s Redis.',
        };
      if (links.redis.kind !== 'lost') return null;
      return { why: links.redis.why, remedy: links.redis.remedy };
    },
  };
}
