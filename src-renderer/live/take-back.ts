import { plural } from '../components/format.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';

/** Puts cancelled waiting jobs back into their old places. Redis keeps them aside for 15 minutes. */
export function useTakeBack() {
  return useVerb({
    run: (client, { jobIds }: { jobIds: string[] }) =>
      client.jobs.bulk.mutate({ jobIds, act: { kind: 'reinstate' } }),
    done: ({ done, refused, why }, { jobIds }) => {
      const [only] = jobIds.length === 1 ? jobIds : [];
      if (done.length === 0)
        return sayFailed(
          only === undefined ? 'The jobs were not taken back' : 'The job was not taken back',
          { code: 'NOT_FOUND', message: why.join(' '), retryable: false },
          () => {},
        );
      const rest = refused > 0 ? ` ${plural(refused, 'other')} not: ${why.join(' ')}` : '';
      const words =
        only === undefined
          ? `${plural(done.length, 'job')} back in the queue, in the old order.`
          : 'The job is back in the queue, in its old place.';
      sayDone(words + rest, undefined, only ?? 'bulk');
    },
    failed: (error, again) => sayFailed('The jobs were not taken back', error, again),
  });
}
