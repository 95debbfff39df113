import { useSyncExternalStore } from 'react';
import type { JobSummary } from '../../src-main/api/types.ts';

/** Which screen stands in the window. It lives in the address, so a reload comes back to it. */
export type ScreenId = 'stage' | 'jobs' | 'people' | 'capacity' | 'recap' | 'logs' | 'hosts' | 'setup';

const SCREENS: readonly ScreenId[] = [
  'stage',
  'jobs',
  'people',
  'capacity',
  'recap',
  'logs',
  'hosts',
  'setup',
];

function parse(hash: string): { screen: ScreenId; query: URLSearchParams } {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  return { screen: SCREENS.find((id) => id === path) ?? 'stage', query: new URLSearchParams(query) };
}

const subscribe = (listener: () => void) => {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
};

export function useScreen(): ScreenId {
  return useSyncExternalStore(subscribe, () => parse(window.location.hash).screen);
}

/** The filter that the Jobs screen was asked to show, as a person would type it; null for none. */
export function useAskedFilter(): string | null {
  return useSyncExternalStore(subscribe, () => parse(window.location.hash).query.get('q'));
}

/** The log that the address names, if any. */
export function useAskedLog(): { machineId: string; sourceId: string | null } | null {
  const text = useSyncExternalStore(subscribe, () => {
    const { screen, query } = parse(window.location.hash);
    return screen === 'logs' && query.has('machine') ? query.toString() : null;
  });
  const query = new URLSearchParams(text ?? '');
  return text === null ? null : { machineId: query.get('machine') ?? '', sourceId: query.get('log') };
}

/** Opens the Logs screen on a log; null: the first of the machine. */
export function showLog(machineId: string, sourceId: string | null): void {
  const query = new URLSearchParams({ machine: machineId, ...(sourceId !== null && { log: sourceId }) });
  window.location.hash = `/logs?${query}`;
}

/** The machine that the address of the Hosts screen names, if any. */
export function useAskedHost(): string | null {
  return useSyncExternalStore(subscribe, () => {
    const { screen, query } = parse(window.location.hash);
    return screen === 'hosts' ? query.get('host') : null;
  });
}

/** Opens the Hosts screen; on that machine where one is named. */
export function showHost(hostId: string | null): void {
  window.location.hash = hostId === null ? '/hosts' : `/hosts?${new URLSearchParams({ host: hostId })}`;
}

export function goTo(screen: ScreenId): void {
  window.location.hash = `/${screen}`;
}

/** What a person types into the Jobs screen for each state. */
const STATE_WORDS: Record<JobSummary['status'], string> = {
  pending: 'waiting',
  running: 'running',
  completed: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  unreadable: 'unreadable',
};

/** Opens the Jobs screen on one state. */
export function showJobs(status: JobSummary['status']): void {
  showJobsMatching(STATE_WORDS[status]);
}

/** Opens the Jobs screen with a filter as a person would type it. */
function showJobsMatching(filter: string): void {
  window.location.hash = `/jobs?${new URLSearchParams({ q: filter })}`;
}

/** Opens the Jobs screen on the jobs of one person. */
export function showJobsOf(userId: string): void {
  const name = userId.slice(0, 120).replaceAll('"', '');
  showJobsMatching(/^[\w-]+$/.test(name) ? `user:${name}` : `user:"${name}"`);
}
