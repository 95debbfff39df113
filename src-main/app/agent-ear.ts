import type { WorkshopSnapshot } from '../domain/workshop.ts';
import type { AgentEar } from '../services/deploy/roles.ts';

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
