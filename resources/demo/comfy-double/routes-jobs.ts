/** /api/jobs: one list of pending, running and finished prompts (contract 5.4; recordings 11, 11b, 22). */

import { type HttpAnswer, type HttpRequest, jsonAnswer, type Route, route } from './http.ts';
import { type HistoryEntry, type PromptQueue, type QueueItem, statusJson } from './prompt-queue.ts';
import { type Dumpable, type Json, type JsonObject, parseJson, Unserialisable } from './python-json.ts';
import { isTruthy, pyStr } from './python-values.ts';
import type { VersionTraits } from './versions.ts';

const STATUSES = ['pending', 'in_progress', 'completed', 'failed', 'cancelled'] as const;
type JobStatus = (typeof STATUSES)[number];
const PREVIEWABLE_MEDIA = new Set(['images', 'video', 'audio', '3d', 'text']);
const MODEL_FILES = /\.(obj|fbx|gltf|glb|usdz)$/i;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TEXT_PREVIEW_LENGTH = 1024;

export interface JobsRoutesEnvironment {
  readonly traits: VersionTraits;
  readonly queue: PromptQueue;
  readonly interrupt: () => void;
}

interface Job {
  readonly item: QueueItem;
  readonly status: JobStatus;
  readonly start?: number;
  readonly end?: number;
  readonly error?: Dumpable;
  readonly entry?: HistoryEntry;
}

function timestampOf(entry: HistoryEntry, names: readonly string[]): number | undefined {
  return entry.status.messages.find(({ event }) => names.includes(event))?.timestamp;
}

function finishedJob(entry: HistoryEntry): Job {
  const names = entry.status.messages.map(({ event }) => event);
  const interrupted = names.includes('execution_interrupted');
  const error = entry.status.messages.find(({ event }) => event === 'execution_error')?.data;
  const failed: JobStatus = interrupted ? 'cancelled' : 'failed';
  return {
    item: entry.item,
    entry,
    status: entry.status.statusStr === 'success' ? 'completed' : failed,
    start: timestampOf(entry, ['execution_start']),
    end: timestampOf(entry, ['execution_success', 'execution_error', 'execution_interrupted']),
    error: interrupted ? undefined : error,
  };
}

function workflowId(item: QueueItem): Json | undefined {
  const extra = item.extraData.get('extra_pnginfo');
  const workflow = extra instanceof Map ? extra.get('workflow') : undefined;
  return workflow instanceof Map ? workflow.get('id') : undefined;
}

function isPreviewable(mediaType: string, item: JsonObject): boolean {
  if (PREVIEWABLE_MEDIA.has(mediaType)) return true;
  const format = item.get('format');
  if (typeof format === 'string' && /^(video|audio)\//.test(format)) return true;
  const name = item.get('filename');
  return typeof name === 'string' && MODEL_FILES.test(name);
}

/** CU33 turns the strings of a 3d result into file items and leaves nulls out. */
function fileOfResult(value: Json): JsonObject | undefined {
  if (typeof value !== 'string' || !MODEL_FILES.test(value)) return undefined;
  return new Map<string, Json>([
    ['filename', value],
    ['type', 'output'],
    ['subfolder', ''],
    ['mediaType', '3d'],
  ]);
}

interface OutputSummary {
  readonly count: number;
  readonly previewable: number;
  readonly preview?: JsonObject;
}

function textPreview(value: Json, nodeId: string): JsonObject {
  const text = value instanceof Unserialisable ? value.repr : pyStr(value);
  const preview = new Map<string, Json>([['content', text.slice(0, TEXT_PREVIEW_LENGTH)]]);
  if (text.length > TEXT_PREVIEW_LENGTH) preview.set('truncated', true);
  preview.set('nodeId', nodeId);
  preview.set('mediaType', 'text');
  return preview;
}

function summarise(entry: HistoryEntry, modern: boolean): OutputSummary {
  let count = 0;
  let previewable = 0;
  let preview: JsonObject | undefined;
  let fallback: JsonObject | undefined;
  for (const [nodeId, ui] of entry.result.outputs) {
    for (const [mediaType, items] of ui) {
      if (mediaType === 'animated' || !Array.isArray(items)) continue;
      if (mediaType === 'text') {
        const [first] = items;
        if (modern && first !== undefined) fallback ??= textPreview(first, nodeId);
        continue;
      }
      for (const raw of items) {
        const item = raw instanceof Map ? raw : modern ? fileOfResult(raw) : undefined;
        if (!item) continue;
        count += 1;
        const type = item.get('mediaType');
        const kind = typeof type === 'string' ? type : mediaType;
        if (!isPreviewable(kind, item)) continue;
        previewable += 1;
        const shown = new Map<string, Json>([...item, ['nodeId', nodeId], ['mediaType', kind]]);
        if (item.get('type') === 'output') preview ??= shown;
        else fallback ??= shown;
      }
    }
  }
  return { count, previewable, preview: preview ?? fallback };
}

function normalisedOutputs(entry: HistoryEntry, modern: boolean): Dumpable {
  if (!modern) return entry.result.outputs;
  const nodes = new Map<string, Dumpable>();
  for (const [nodeId, ui] of entry.result.outputs) {
    const shown = new Map<string, Dumpable>();
    for (const [mediaType, items] of ui) {
      const has3d = Array.isArray(items) && items.some((item) => fileOfResult(item) !== undefined);
      shown.set(mediaType, has3d ? items.map(fileOfResult).filter((item) => item !== undefined) : items);
    }
    nodes.set(nodeId, shown);
  }
  return nodes;
}

function describe(job: Job, traits: VersionTraits): Record<string, Dumpable> {
  const { item, entry } = job;
  const summary: OutputSummary = entry ? summarise(entry, traits.modernJobs) : { count: 0, previewable: 0 };
  const { number } = item;
  return {
    id: item.promptId,
    status: job.status,
    priority: number,
    create_time: item.extraData.get('create_time'),
    execution_start_time: job.start,
    execution_end_time: job.end,
    execution_error: job.error,
    outputs_count: summary.count,
    previewable_outputs_count: traits.modernJobs ? summary.previewable : undefined,
    preview_output: summary.preview,
    workflow_id: workflowId(item) ?? undefined,
  };
}

function allJobs(queue: PromptQueue): Job[] {
  const running = queue.current;
  return [
    ...(running ? [{ item: running, status: 'in_progress' } as const] : []),
    ...queue.pending.map((item) => ({ item, status: 'pending' }) as const),
    ...queue.historyEntries().map(finishedJob),
  ];
}

function createdAt(job: Job): number {
  const created = job.item.extraData.get('create_time');
  return typeof created === 'number' ? created : 0;
}

function duration(job: Job): number {
  return job.start === undefined || job.end === undefined ? 0 : job.end - job.start;
}

function refuse(error: string): HttpAnswer {
  return jsonAnswer({ error }, 400);
}

function integer(text: string | null): number | undefined | 'bad' {
  if (text === null || text === '') return undefined;
  return /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : 'bad';
}

function listJobs(request: HttpRequest, env: JobsRoutesEnvironment): HttpAnswer {
  const { query } = request;
  const wanted = (query.get('status') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter(Boolean);
  const bad = wanted.filter((name) => !STATUSES.some((status) => status === name));
  if (bad.length > 0) {
    return refuse(`Invalid status value(s): ${bad.join(', ')}. Valid values: ${STATUSES.join(', ')}`);
  }
  const sortBy = (query.get('sort_by') ?? 'created_at').toLowerCase();
  if (sortBy !== 'created_at' && sortBy !== 'execution_duration') {
    return refuse("sort_by must be 'created_at' or 'execution_duration'");
  }
  const order = (query.get('sort_order') ?? 'desc').toLowerCase();
  if (order !== 'asc' && order !== 'desc') return refuse("sort_order must be 'asc' or 'desc'");
  const limit = integer(query.get('limit'));
  if (limit === 'bad') return refuse('limit must be an integer');
  if (limit !== undefined && limit <= 0) return refuse('limit must be a positive integer');
  const givenOffset = integer(query.get('offset'));
  if (givenOffset === 'bad') return refuse('offset must be an integer');
  const offset = Math.max(0, givenOffset ?? 0);

  const workflow = query.get('workflow_id');
  const jobs = allJobs(env.queue)
    .filter((job) => wanted.length === 0 || wanted.includes(job.status))
    .filter((job) => workflow === null || workflowId(job.item) === workflow);
  const key = sortBy === 'created_at' ? createdAt : duration;
  // Python sorts stably, also in reverse.
  jobs.sort((left, right) => (order === 'asc' ? key(left) - key(right) : key(right) - key(left)));
  const page = jobs.slice(offset, limit === undefined ? undefined : offset + limit);
  return jsonAnswer({
    jobs: page.map((job) => describe(job, env.traits)),
    pagination: {
      offset,
      limit: limit ?? null,
      total: jobs.length,
      has_more: offset + page.length < jobs.length,
    },
  });
}

function jobDetail(id: string, env: JobsRoutesEnvironment): HttpAnswer {
  const { queue, traits } = env;
  const job = allJobs(queue).find(({ item }) => item.promptId === id);
  if (!job) return jsonAnswer({ error: 'Job not found' }, 404);
  const { entry, item } = job;
  if (!entry) return jsonAnswer(describe(job, traits));
  return jsonAnswer({
    ...describe(job, traits),
    outputs: normalisedOutputs(entry, traits.modernJobs),
    execution_status: statusJson(entry.status),
    workflow: { prompt: item.prompt, extra_data: item.extraData },
  });
}

function cancel(id: string, env: JobsRoutesEnvironment): boolean {
  if (env.queue.current?.promptId === id) {
    env.interrupt();
    return true;
  }
  return env.queue.delete((item) => item.promptId === id);
}

function cancelMany(request: HttpRequest, env: JobsRoutesEnvironment): HttpAnswer {
  let body: Json;
  try {
    body = parseJson(request.body.toString('utf8'));
  } catch {
    return refuse('Request body must be valid JSON');
  }
  if (!(body instanceof Map)) return refuse('Request body must be a JSON object');
  const ids = body.get('job_ids');
  if (!Array.isArray(ids)) return refuse('job_ids must be a list');
  const invalid = ids.filter((id) => typeof id !== 'string' || !UUID.test(id));
  if (invalid.length > 0)
    return jsonAnswer({ error: 'job_ids contains invalid id(s)', invalid_ids: invalid }, 400);
  const cancelled = ids.map((id) => typeof id === 'string' && cancel(id, env));
  return jsonAnswer({ cancelled: cancelled.some(isTruthy) });
}

export function jobsRoutes(env: JobsRoutesEnvironment): Route[] {
  const routes = [
    route('GET', '/api/jobs', (request) => listJobs(request, env), false),
    route('GET', '/api/jobs/{}', ({ params: [id = ''] }) => jobDetail(id, env), false),
  ];
  if (env.traits.jobsCancel) {
    routes.push(
      route('POST', '/api/jobs/cancel', (request) => cancelMany(request, env), false),
      route(
        'POST',
        '/api/jobs/{}/cancel',
        ({ params: [id = ''] }) => jsonAnswer({ cancelled: cancel(id, env) }),
        false,
      ),
    );
  }
  return routes;
}
