import type { WorkshopProfile } from '../../../src-main/api/types.ts';

export type StepId = 'workshop' | 'vps' | 'gpu' | 'env' | 'deploy' | 'live';

export interface SetupStep {
  id: StepId;
  title: string;
  done: boolean;
  /** What is set, or what is to be done; one line. */
  detail: string;
}

/** What of the live workshop the steps need. */
export interface SetupFacts {
  /** Redis answers now. */
  connected: boolean;
  /** Agents that ever reported, and those that do now. */
  agents: number;
  reporting: number;
}

/** The way from nothing to a live Stage, and how far it is gone. */
export function setupSteps(profile: WorkshopProfile | undefined, facts: SetupFacts): SetupStep[] {
  const hosts = profile?.gpuHosts ?? [];
  const names = hosts.map(({ name }) => name).join(', ');
  const redis = profile?.redis;
  return [
    {
      id: 'workshop',
      title: 'Workshop',
      done: profile !== undefined,
      detail: profile?.name ?? 'Give it a name',
    },
    {
      id: 'vps',
      title: 'VPS',
      done: Boolean(profile?.vps),
      detail: profile?.vps?.host ?? 'How to log in to it',
    },
    { id: 'gpu', title: 'GPU host', done: hosts.length > 0, detail: names || 'Where the workers run' },
    {
      id: 'env',
      title: 'Import .env',
      done: Boolean(redis),
      detail: redis ? `Redis at ${redis.host}:${redis.port}` : 'Take over the VPS’s settings',
    },
    {
      id: 'deploy',
      title: 'Deploy',
      done: facts.agents > 0,
      detail: facts.agents > 0 ? 'The agent is installed' : 'Put the agent on the GPU host',
    },
    {
      id: 'live',
      title: 'Live',
      done: facts.connected && facts.reporting > 0,
      detail: !facts.connected
        ? 'Redis is not connected'
        : facts.reporting > 0
          ? 'Workers report'
          : 'No agent reports yet',
    },
  ];
}

/** Where to go on: the first step that is not done. */
export const nextStep = (steps: readonly SetupStep[]): StepId =>
  steps.find(({ done }) => !done)?.id ?? 'live';
