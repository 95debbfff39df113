import { useQuery } from '@tanstack/react-query';
import type { HistoryState, LocalDay, Printed, Recap, RecapTable } from '../../src-main/api/types.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { errorInfoOf, useClient, useVerb } from './command.ts';
import { saveAs } from './save-as.ts';

/** A day that is not over grows; the figures of an older one stay. */
const RENEW_MS = 15_000;

/** Days of which this laptop keeps something, newest first, and how the keeping goes. */
export function useKeptDays(): { days: LocalDay[]; state: HistoryState } | undefined {
  const client = useClient();
  return useQuery({
    queryKey: ['history', 'days'],
    queryFn: async () => {
      const [days, state] = await Promise.all([client.history.days.query(), client.history.state.query()]);
      return { days: days.map(({ day }) => day), state };
    },
    networkMode: 'always',
    refetchInterval: RENEW_MS,
  }).data;
}

/** The sum of a day; the one before stays until it has come. */
export function useRecap(day: LocalDay | undefined) {
  const client = useClient();
  const query = useQuery({
    queryKey: ['history', 'recap', day],
    queryFn: (): Promise<Recap> => client.history.recap.query({ day: day ?? '' }),
    enabled: day !== undefined,
    networkMode: 'always',
    refetchInterval: RENEW_MS,
    placeholderData: (before: Recap | undefined) => before,
  });
  return { recap: query.data, error: query.error ? errorInfoOf(query.error) : undefined };
}

/** Saves one table of a day as a CSV file. */
export function useSaveTable() {
  return useVerb<{ day: LocalDay; table: RecapTable }, { fileName: string; text: string }>({
    run: (client, input) => client.history.table.query(input),
    done: ({ fileName, text }) => saveAs(fileName, new Blob([text], { type: 'text/csv;charset=utf-8' })),
    failed: (error, again) => sayFailed('The table was not saved', error, again),
  });
}

/** A PDF from the desktop app, the print dialog from a browser. */
export function usePrint(prepare: () => () => void) {
  return useVerb<{ day: LocalDay }, Printed>({
    run: async (client, input) => {
      const restore = prepare();
      try {
        return await client.history.print.mutate(input);
      } finally {
        restore();
      }
    },
    done: (printed) => {
      if (printed.kind === 'browser') window.print();
      if (printed.kind === 'saved') sayDone(`The recap is saved as ${printed.path}.`);
    },
    failed: (error, again) => sayFailed('The PDF was not made', error, again),
  });
}
