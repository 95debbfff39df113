import type { WorkshopProfile } from '../../../src-main/api/types.ts';
import { plural } from '../../components/format.ts';
import { agentText, allOf, type HostProgress, isThere, settingsText } from './host-progress.ts';

export type StepId = 'workshop' | 'vps' | 'gpu' | 'env' | 'deploy' | 'live';

export interface SetupStep {
  id: StepId;
  title: string;
  /** null: not known. */
  done: boolean | null;
  /** What is set, or what is to be done; one line. */
  detail: string;
}

/** What of the live workshop the steps need. */
export interface SetupFacts {
  /** Redis answers now. */
  connected: boolean;
  /** Each of the profile's GPU hosts. */
  hosts: readonly HostProgress[];
}

/** The way from nothing to a live Stage, and how far it is gone on every GPU host. */
export function setupSteps(profile: WorkshopProfile | undefined, facts: SetupFacts): SetupStep[] {
  const { hosts, connected } = facts;
  const reporting = hosts.filter(({ agent }) => agent === 'reports').length;
  const none = hosts.length === 0;
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
    {
      id: 'gpu',
      title: 'GPU host',
      done: !none,
      detail: hosts.map(({ name }) => name).join(', ') || 'Where the workers run',
    },
    envStep(profile, hosts),
    {
      id: 'deploy',
      title: 'Deploy',
      done: allOf(hosts.map(isThere)),
      detail: none ? 'Put the agent on the GPU host' : agentText(hosts),
    },
    {
      id: 'live',
      title: 'Live',
      done: connected && !none && reporting === hosts.length,
      detail: !connected
        ? 'Redis is not connected'
        : reporting === 0
          ? 'No agent reports yet'
          : reporting === hosts.length
            ? 'Workers report'
            : `${reporting} of ${plural(hosts.length, 'agent')} report`,
    },
  ];
}

/** The import has two ends: this console knows Redis, and each GPU host has its settings. */
function envStep(profile: WorkshopProfile | undefined, hosts: readonly HostProgress[]): SetupStep {
  const step = { id: 'env', title: 'Import .env' } as const;
  if (!profile?.redis) return { ...step, done: false, detail: 'Take over the VPS’s settings' };
  if (hosts.length === 0) return { ...step, done: false, detail: 'No GPU host to write it to yet' };
  return { ...step, done: allOf(hosts.map(({ settings }) => settings)), detail: settingsText(hosts) };
}

/** Where to go on: the first step that is not done, or not known to be. */
export const nextStep = (steps: readonly SetupStep[]): StepId =>
  steps.find(({ done }) => done !== true)?.id ?? 'live';
