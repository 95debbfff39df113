import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { AlertRecord, RuleInForce } from '../../src-main/api/types.ts';
import { clockText } from '../components/format.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useClient, useVerb } from './command.ts';
import { useLive } from './store.ts';

/** What the host does about alerts. Newer notices about them replace older ones. */
const ABOUT = 'alerts';
const RULES = ['alerts', 'rules'];

/** The rules as they hold now; undefined while they are on their way. */
export function useAlertRules(): RuleInForce[] | undefined {
  const client = useClient();
  // Another host may have changed them.
  const revision = useLive(({ capacity }) => capacity?.shared.changed?.revision ?? 0);
  return useQuery({
    queryKey: [...RULES, revision],
    queryFn: () => client.alerts.rules.query(),
    networkMode: 'always',
    staleTime: 0,
    placeholderData: (before) => before,
  }).data;
}

/** What there was, newest first; asked anew whenever `marker` changes. */
export function useAlertHistory(marker: string): AlertRecord[] | undefined {
  const client = useClient();
  return useQuery({
    queryKey: ['alerts', 'history', marker],
    queryFn: () => client.alerts.history.query({ most: 200 }),
    networkMode: 'always',
    staleTime: 0,
    placeholderData: (before) => before,
  }).data;
}

export function useSetRule() {
  const queries = useQueryClient();
  return useVerb<{ rule: RuleInForce['id']; enabled: boolean; threshold: number | null }, void>({
    run: (client, input) => client.alerts.setRule.mutate(input),
    done: () => void queries.invalidateQueries({ queryKey: RULES }),
    failed: (error, again) => {
      void queries.invalidateQueries({ queryKey: RULES });
      sayFailed('The rule was not changed', error, again);
    },
  });
}

export function useSetChannels() {
  return useVerb<{ sound?: boolean; desktop?: boolean }, void>({
    run: (client, input) => client.alerts.setChannels.mutate(input),
    failed: (error, again) => sayFailed('This was not changed', error, again),
  });
}

/** `minutes` null brings the alert back. */
export function useSnooze() {
  return useVerb<{ key: string; minutes: number | null }, void>({
    run: (client, input) => client.alerts.snooze.mutate(input),
    done: (_, { minutes }) => {
      if (minutes !== null)
        sayDone(`Snoozed until ${clockText(Date.now() + minutes * 60_000, Date.now())}.`, undefined, ABOUT);
    },
    failed: (error, again) => sayFailed('The alert was not snoozed', error, again),
  });
}

/** Nothing rings for so long; null ends it. */
export function useQuiet() {
  return useVerb<{ minutes: number | null }, void>({
    run: (client, input) => client.alerts.quiet.mutate(input),
    done: (_, { minutes }) =>
      sayDone(
        minutes === null
          ? 'Alerts ring again.'
          : `Quiet until ${clockText(Date.now() + minutes * 60_000, Date.now())}: alerts are shown, but do not ring.`,
        undefined,
        ABOUT,
      ),
    failed: (error, again) => sayFailed('This was not changed', error, again),
  });
}
