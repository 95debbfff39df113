import { useQuery } from '@tanstack/react-query';
import type { FoundJob, JobDetail, OutputPreview, PromptText } from '../../src-main/api/types.ts';
import { errorInfoOf, useClient } from './command.ts';

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
