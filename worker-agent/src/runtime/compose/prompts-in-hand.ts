import { z } from 'zod';

const remainingSchema = z.object({ exec_info: z.object({ queue_remaining: z.number() }) });
const jobsSchema = z.object({ jobs: z.array(z.object({ id: z.string() })) });
const TIMEOUT_MS = 10_000;

/** Prompts running and waiting at a ComfyUI (`GET /prompt`, contract 5.2); null when it does not say. Never rejects. */
export async function promptsRemaining(endpoint: string): Promise<number | null> {
  const parsed = remainingSchema.safeParse(await getJson(`${endpoint}/prompt`));
  return parsed.success ? parsed.data.exec_info.queue_remaining : null;
}

/** Id of the prompt at work (`GET /api/jobs`, contract 5.4, is light); null when none or unknown. Never rejects. */
export async function runningPrompt(endpoint: string): Promise<string | null> {
  const parsed = jobsSchema.safeParse(await getJson(`${endpoint}/api/jobs?status=in_progress&limit=1`));
  return parsed.success ? (parsed.data.jobs[0]?.id ?? null) : null;
}

async function getJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}
