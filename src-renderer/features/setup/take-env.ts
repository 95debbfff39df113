import { useEffect, useRef } from 'react';
import type { ErrorInfo } from '../../../src-main/api/types.ts';
import { goTo } from '../../components/navigate.ts';
import { sayDone, sayFailed } from '../../components/notice.tsx';
import { useReadEnv, useWorkshops } from '../../live/setup-verbs.ts';
import { takeDrops } from '../../live/take-drops.ts';
import { beginImport } from './import-store.ts';

/** Larger files are no .env; the same bound as main's. */
const LARGEST = 500_000;

/** Begins an import with a .env of this computer; what is wrong with it goes to `failed`. */
export function useTakeEnv(failed: (error: ErrorInfo) => void, done: () => void = () => {}) {
  const read = useReadEnv((draft) => {
    beginImport(draft);
    done();
  }, failed);
  const take = async (file: File) => {
    if (file.size > LARGEST)
      return failed({
        code: 'BAD_INPUT',
        message: `${file.name} is too large for a .env file.`,
        remedy: 'Choose the .env file of the VPS.',
        retryable: false,
      });
    // A folder, and a file that is gone, cannot be read.
    const text = await file.text().catch(() => undefined);
    if (text !== undefined) return read.mutate({ from: 'text', name: file.name, text });
    failed({
      code: 'BAD_INPUT',
      message: `${file.name} cannot be read.`,
      remedy: 'Drop the .env file itself, not a folder.',
      retryable: false,
    });
  };
  return { take, isPending: read.isPending };
}

/** A .env that is dropped anywhere on the window is taken, whatever screen stands there and whatever import is open. */
export function useEnvDrop(): void {
  const current = useWorkshops()?.currentId ?? null;
  const { take } = useTakeEnv(
    (error) => sayFailed('The dropped file was not taken', error, () => {}),
    () => {
      goTo('setup');
      sayDone(
        current === null
          ? 'The dropped file is read. Open a workshop, or give a new one a name: it stands below then.'
          : 'The dropped file is read; nothing is written yet. Review it below.',
        undefined,
        'env-drop',
      );
    },
  );
  const newest = useRef(take);
  newest.current = take;
  useEffect(() => takeDrops((file) => void newest.current(file)), []);
}
