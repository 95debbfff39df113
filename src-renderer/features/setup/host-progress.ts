import type { DeployView, GpuHostProfile, HostView } from '../../../src-main/api/types.ts';
import { isReporting } from '../../../worker-agent/src/contract/agent-word.ts';
import { listText } from '../../components/format.ts';

/** How far a GPU host is. null is unknown: this console has neither looked nor heard. */
export interface HostProgress {
  id: string;
  name: string;
  /** The VPS's .env stands there. */
  settings: boolean | null;
  /** `unheard`: it runs there, and is not heard here. `idle`: installed, and does not run. `silent`: it reported once. */
  agent: 'reports' | 'unheard' | 'idle' | 'silent' | 'stopped' | 'none' | null;
}

/** What is known of each GPU host: by its agent's word where it speaks, else by the last look at the machine. */
export function hostProgress(
  hosts: readonly GpuHostProfile[],
  views: readonly DeployView[] | undefined,
  heard: Readonly<Record<string, HostView>>,
  now: number,
): HostProgress[] {
  return hosts.map(({ id, name }) => {
    const view = views?.find(({ targetId }) => targetId === id);
    const agent = agentOf(view, heard[view?.hostId ?? id], now);
    // Who reports was set up, whatever this console saw of it.
    return { id, name, agent, settings: agent === 'reports' || (view?.imported ?? null) };
  });
}

function agentOf(
  view: DeployView | undefined,
  host: HostView | undefined,
  now: number,
): HostProgress['agent'] {
  const { status, heardAt } = host ?? { status: null, heardAt: null };
  if (host && isReporting(host, now)) return 'reports';
  // What was seen on the machine after its last word is nearer to the truth than that word.
  if (view && view.lookedAt !== null && view.lookedAt >= (heardAt ?? 0))
    return view.installed === null ? 'none' : view.installed.running ? 'unheard' : 'idle';
  if (status === null) return null;
  return status.phase === 'stopped' ? 'stopped' : 'silent';
}

/** Whether all are there; null when that hangs on one that is not known. No host at all is nothing done. */
export function allOf(states: readonly (boolean | null)[]): boolean | null {
  if (states.length === 0 || states.includes(false)) return false;
  return states.includes(null) ? null : true;
}

export const settingsText = (hosts: readonly HostProgress[]): string =>
  firstOf(hosts, ({ settings }) => settings, {
    no: (names) => `Not written to ${names} yet`,
    unknown: (names) => `Not known of ${names}; look it over`,
    yes: (names) => `Written to ${names}`,
  });

const AGENT_WORDS = {
  unheard: 'runs there, but is not heard here',
  idle: 'does not run',
  silent: 'is silent',
  stopped: 'was stopped',
} as const;

/** The agent is on the machine, whether or not it runs. Of one that no longer speaks only a look can tell. */
export const isThere = ({ agent }: HostProgress): boolean | null => {
  if (agent === null || agent === 'stopped' || agent === 'silent') return null;
  return agent !== 'none';
};

export const agentText = (hosts: readonly HostProgress[]): string => {
  if (!hosts.some(({ agent }) => agent === 'none'))
    for (const { name, agent } of hosts)
      if (agent !== null && agent !== 'none' && agent !== 'reports')
        return `${name}: the agent ${AGENT_WORDS[agent]}`;
  return firstOf(hosts, isThere, {
    no: (names) => `Put the agent on ${names}`,
    unknown: (names) => `Not known of ${names}; look it over`,
    yes: (names) => `The agent is on ${names}`,
  });
};

/** Words for those that are not done, else for those that are not known, else for all. */
function firstOf(
  hosts: readonly HostProgress[],
  state: (host: HostProgress) => boolean | null,
  words: Record<'no' | 'unknown' | 'yes', (names: string) => string>,
): string {
  const named = (wanted: boolean | null) =>
    hosts.filter((host) => state(host) === wanted).map(({ name }) => name);
  const [no, unknown] = [named(false), named(null)];
  if (no.length > 0) return words.no(listText(no));
  if (unknown.length > 0) return words.unknown(listText(unknown));
  return words.yes(listText(named(true)));
}
