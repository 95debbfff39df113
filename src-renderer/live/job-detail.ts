import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { FilePart, FoundJob, JobDetail, OutputPreview, PromptText } from '../../src-main/api/types.ts';
import { errorInfoOf, useClient } from './command.ts';
import { saveAs } from './save-as.ts';

/** A running job changes while it is looked at. */
const RENEW_MS = 3000;

/** What the drawer shows beyond the row, read anew while the job is not over. */
export function useJobDetail(jobId: string, isOver: boolean) {
  const client = useClient();
  const query = useQuery({
    queryKey: ['job', jobId, 'detail', isOver],
    queryFn: (): Promise<JobDetail> => client.jobs.detail.query({ jobId }),
    networkMode: 'always',
    retry: false,
    refetchInterval: isOver ? false : RENEW_MS,
    placeholderData: (before: JobDetail | undefined) => before,
  });
  return { detail: query.data, error: query.error ? errorInfoOf(query.error) : undefined };
}

/** A job that the lists do not hold, looked up in Redis by its id while that is wanted. */
export function useFoundJob(jobId: string, wanted: boolean) {
  const client = useClient();
  const query = useQuery({
    queryKey: ['job', jobId, 'find'],
    queryFn: (): Promise<FoundJob> => client.jobs.find.query({ jobId }),
    enabled: wanted,
    networkMode: 'always',
    retry: false,
    gcTime: 0,
    refetchInterval: RENEW_MS,
  });
  return { found: query.data, error: query.error ? errorInfoOf(query.error) : undefined };
}

/** What the participant wrote; asked for only when somebody opens it. */
export function usePrompts(jobId: string, wanted: boolean) {
  const client = useClient();
  const query = useQuery({
    queryKey: ['job', jobId, 'prompts'],
    queryFn: (): Promise<PromptText[]> => client.jobs.prompts.query({ jobId }),
    enabled: wanted,
    networkMode: 'always',
    retry: false,
  });
  return { prompts: query.data, error: query.error ? errorInfoOf(query.error) : undefined };
}

/** One file of a job, fetched through main. */
export function usePreview(jobId: string, index: number, wanted: boolean) {
  const client = useClient();
  const query = useQuery({
    queryKey: ['job', jobId, 'preview', index],
    queryFn: (): Promise<OutputPreview> => client.jobs.preview.query({ jobId, index }),
    enabled: wanted,
    networkMode: 'always',
    retry: false,
    gcTime: 30_000,
  });
  return { preview: query.data, error: query.error ? errorInfoOf(query.error) : undefined };
}

/** How the saving of a file stands; `share` is 0 to 1. */
export type Saving =
  | { kind: 'idle' }
  | { kind: 'running'; share: number }
  | { kind: 'saved' }
  | { kind: 'failed'; message: string; remedy: string }
  | { kind: 'refused'; answer: Exclude<FilePart, { kind: 'part' }> };

/** Fetches a file piece by piece through main and hands it to the person. */
export function useSaveFile(jobId: string, index: number, name: string) {
  const client = useClient();
  const [saving, setSaving] = useState<Saving>({ kind: 'idle' });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const save = async () => {
    const stop = new AbortController();
    running.current = stop;
    const tell = (state: Saving) => !stop.signal.aborted && setSaving(state);
    tell({ kind: 'running', share: 0 });
    try {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for (let from: number | null = 0; from !== null; ) {
        const answer: FilePart = await client.jobs.filePart.query(
          { jobId, index, from },
          { signal: stop.signal },
        );
        if (answer.kind !== 'part') return tell({ kind: 'refused', answer });
        pieces.push(Uint8Array.from(atob(answer.base64), (letter) => letter.charCodeAt(0)));
        from = answer.next;
        tell({ kind: 'running', share: from === null ? 1 : from / answer.size });
      }
      if (stop.signal.aborted) return;
      saveAs(name, new Blob(pieces));
      tell({ kind: 'saved' });
    } catch (cause) {
      const { message, remedy = '' } = errorInfoOf(cause);
      tell({ kind: 'failed', message, remedy });
    }
  };
  const stop = () => {
    running.current?.abort();
    setSaving({ kind: 'idle' });
  };
  return { saving, save: () => void save(), stop };
}
