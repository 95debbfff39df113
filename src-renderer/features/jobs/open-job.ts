import { create } from 'zustand';

/** The job whose drawer is open; null for none. */
export const useOpenJob = create<{ jobId: string | null }>(() => ({ jobId: null }));

export const openJob = (jobId: string) => useOpenJob.setState({ jobId });
export const closeJob = () => useOpenJob.setState({ jobId: null });
