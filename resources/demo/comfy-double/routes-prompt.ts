/** POST /prompt, the queue, interrupt, free and history (contract 5.1-5.3; recordings 01-11, 19, 21). */

import { randomUUID } from 'node:crypto';
import { emptyAnswer, type HttpAnswer, type HttpRequest, jsonAnswer, type Route, route } from './http.ts';
import type { NodeCatalogue } from './nodes.ts';
import type { ComfyFolders } from './output-files.ts';
import { historyJson, type PromptQueue, promptTuple } from './prompt-queue.ts';
import { toFloat } from './python-conversions.ts';
import { type Dumpable, type Json, type JsonObject, type PyFloat, parseJson } from './python-json.ts';
import { isTruthy, pyStr } from './python-values.ts';
import { ServerError, validatePrompt } from './validation.ts';
import type { VersionTraits } from './versions.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SENSITIVE_KEYS = ['auth_token_comfy_org', 'api_key_comfy_org'];

export interface PromptRoutesEnvironment {
  readonly traits: VersionTraits;
  readonly nodes: NodeCatalogue;
  readonly folders: ComfyFolders;
  readonly queue: PromptQueue;
  readonly now: () => number;
  /** self.number of the server: counts every POST /prompt without a number of its own. */
  readonly takeNumber: () => number;
  readonly interrupt: () => void;
  readonly free: (unloadModels: boolean, freeMemory: boolean) => void;
  readonly log: (message: string) => void;
  /** A prompt went into the queue: the prompt thread wakes up. */
  readonly wake: () => void;
  readonly recordBody: (promptId: string, body: Buffer) => void;
  /** Failure injection: the answer to give instead, if any. */
  readonly refusal: () => HttpAnswer | undefined;
}

/** await request.json(); an empty body or broken JSON ends in 500. */
function requestJson(request: HttpRequest): Json {
  return parseJson(request.body.toString('utf8'));
}

/** `key in json_data` and json_data.get(key), for bodies that need not be objects. */
function requireObject(value: Json): JsonObject {
  if (value instanceof Map) return value;
  throw new ServerError('the body is no object');
}

function promptIdOf(body: JsonObject, traits: VersionTraits): string | HttpAnswer {
  const given = body.get('prompt_id');
  if (!traits.strictPrompts) return given === undefined ? randomUUID() : pyStr(given);
  if (given === undefined || given === null) return randomUUID();
  if (typeof given === 'string' && UUID.test(given)) return given;
  return jsonAnswer(
    {
      error: {
        type: 'invalid_prompt_id',
        message: 'prompt_id must be a valid UUID',
        details:
          'prompt_id must be a UUID string in canonical lowercase hyphenated form; omit it to let the server generate one',
        extra_info: {},
      },
      node_errors: {},
    },
    400,
  );
}

function takeNumber(body: JsonObject, env: PromptRoutesEnvironment): number | PyFloat {
  const given = body.get('number');
  if (given !== undefined) {
    try {
      return toFloat(given);
    } catch {
      throw new ServerError('number is not numeric');
    }
  }
  const number = env.takeNumber();
  return isTruthy(body.get('front')) && number !== 0 ? -number : number;
}

function noPrompt(): HttpAnswer {
  const message = 'No prompt provided';
  return jsonAnswer(
    { error: { type: 'no_prompt', message, details: message, extra_info: {} }, node_errors: {} },
    400,
  );
}

function postPrompt(request: HttpRequest, env: PromptRoutesEnvironment): HttpAnswer {
  env.log('got prompt\n');
  const refusal = env.refusal();
  if (refusal) return refusal;
  const body = requestJson(request);
  if (Array.isArray(body) && !body.includes('number') && !body.includes('prompt')) {
    env.takeNumber();
    return noPrompt();
  }
  const data = requireObject(body);
  const number = takeNumber(data, env);
  const prompt = data.get('prompt');
  if (prompt === undefined) return noPrompt();
  const promptId = promptIdOf(data, env.traits);
  if (typeof promptId !== 'string') return promptId;
  env.recordBody(promptId, request.body);
  const valid = validatePrompt(prompt, data.get('partial_execution_targets'), env);
  const extraData = requireExtraData(data);
  const nodeErrors = new Map(
    [...valid.nodeErrors].map(([id, entry]): [string, Dumpable] => [id, { ...entry }]),
  );
  if (valid.error) return jsonAnswer({ error: valid.error, node_errors: nodeErrors }, 400);
  if (!(extraData instanceof Map) || !(prompt instanceof Map))
    throw new ServerError('extra_data is no object');
  const sensitive: JsonObject = new Map();
  for (const key of SENSITIVE_KEYS) {
    const value = extraData.get(key);
    if (value === undefined) continue;
    sensitive.set(key, value);
    extraData.delete(key);
  }
  extraData.set('create_time', env.now());
  env.queue.put({ number, promptId, prompt, extraData, outputsToExecute: valid.outputs, sensitive });
  env.wake();
  return jsonAnswer({ prompt_id: promptId, number, node_errors: nodeErrors });
}

function requireExtraData(data: JsonObject): Json {
  const extraData = data.get('extra_data') ?? (data.has('extra_data') ? null : new Map<string, Json>());
  const clientId = data.get('client_id');
  if (clientId === undefined) return extraData;
  if (!(extraData instanceof Map)) throw new ServerError('extra_data is no object');
  extraData.set('client_id', clientId);
  return extraData;
}

/** POST /queue and POST /history: {"clear": …, "delete": […]}. A string is walked letter by letter. */
function clearOrDelete(request: HttpRequest, clear: () => void, remove: (id: string) => void): HttpAnswer {
  const body = requireObject(requestJson(request));
  if (isTruthy(body.get('clear'))) clear();
  const ids = body.get('delete');
  if (Array.isArray(ids)) for (const id of ids) if (typeof id === 'string') remove(id);
  if (ids !== undefined && !Array.isArray(ids) && typeof ids !== 'string' && !(ids instanceof Map)) {
    throw new ServerError('delete is no list');
  }
  return emptyAnswer();
}

/** An unreadable body is a global interrupt; JSON that is no object is a 500 (recording 09). */
function postInterrupt(request: HttpRequest, env: PromptRoutesEnvironment): HttpAnswer {
  let body: Json;
  try {
    body = requestJson(request);
  } catch {
    body = new Map();
  }
  const promptId = requireObject(body).get('prompt_id');
  if (!isTruthy(promptId) || env.queue.current?.promptId === promptId) env.interrupt();
  return emptyAnswer();
}

function parseIntParameter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^\s*[+-]?\d+\s*$/.test(text))
    throw new ServerError(`invalid literal for int() with base 10: '${text}'`);
  return Number(text);
}

export function promptRoutes(env: PromptRoutesEnvironment): Route[] {
  const { queue } = env;
  return [
    route('POST', '/prompt', (request) => postPrompt(request, env)),
    route('GET', '/prompt', () => jsonAnswer({ exec_info: { queue_remaining: queue.tasksRemaining } })),
    route('GET', '/queue', () =>
      jsonAnswer({
        queue_running: queue.current ? [promptTuple(queue.current)] : [],
        queue_pending: queue.pending.map(promptTuple),
      }),
    ),
    route('POST', '/queue', (request) =>
      clearOrDelete(
        request,
        () => queue.wipe(),
        (id) => queue.delete((item) => item.promptId === id),
      ),
    ),
    route('POST', '/interrupt', (request) => postInterrupt(request, env)),
    route('POST', '/free', (request) => {
      const body = requireObject(requestJson(request));
      const freeMemory = isTruthy(body.get('free_memory'));
      env.free(isTruthy(body.get('unload_models')) || freeMemory, freeMemory);
      return emptyAnswer();
    }),
    route('GET', '/history', (request) => {
      const maxItems = parseIntParameter(request.query.get('max_items'));
      const offset = parseIntParameter(request.query.get('offset')) ?? -1;
      const page = queue.historyPage(maxItems, offset);
      return jsonAnswer(new Map(page.map((entry) => [entry.item.promptId, historyJson(entry)])));
    }),
    route('GET', '/history/{}', ({ params: [id = ''] }) => {
      const entry = queue.historyEntry(id);
      return jsonAnswer(entry ? new Map([[id, historyJson(entry)]]) : {});
    }),
    route('POST', '/history', (request) =>
      clearOrDelete(
        request,
        () => queue.wipeHistory(),
        (id) => queue.deleteHistory(id),
      ),
    ),
  ];
}
