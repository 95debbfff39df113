import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { type AgentRig, eventually, type StoredJob } from '../agent/agent-rig.ts';

/** Waits until the job's prompt is at a ComfyUI. */
export const atComfy = (rig: AgentRig, id: string) =>
  eventually('the prompt at ComfyUI', rig.agent, async () => rig.submissions(id) || undefined);

/** Waits until the job stands in these queues and in no other. */
export const standsIn = (rig: AgentRig, id: string, ...queues: string[]) =>
  eventually(`job ${id} in ${queues.join() || 'no queue'}`, rig.agent, async () =>
    (await rig.queuesOf(id)).join() === queues.join() ? true : undefined,
  );

/** Waits for an event of that kind about the job. */
export const told = (rig: AgentRig, kind: string, id: string) =>
  eventually(`${kind} of ${id}`, rig.agent, async () =>
    (await rig.events()).find((event) => event.kind === kind && event.jobId === id),
  );

/** Rewrites a job's text as the platform does: read, change, write, with no guard. */
export async function rewrite(
  rig: AgentRig,
  id: string,
  changes: readonly [string, string][],
): Promise<void> {
  let text = (await rig.client.get(keys.job(id))) ?? '';
  for (const [what, instead] of changes) {
    if (!text.includes(what)) throw new Error(`${id} does not say ${what}`);
    text = text.replace(what, instead);
  }
  await rig.client.set(keys.job(id), text);
}

/** All files that were delivered for a job, below its user's folder. */
export function deliveredFiles(rig: AgentRig, user: string, id: string): string[] {
  const folder = join(rig.dir, 'outputs', user, id);
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

/** Every file item that the result lists. */
export function listedFiles(job: StoredJob): { filename: string; subfolder: string }[] {
  return Object.values(job.result?.outputs ?? {}).flatMap((groups) =>
    Object.values(groups).flatMap((items) =>
      items.filter((item) => typeof item === 'object' && 'filename' in item),
    ),
  );
}
