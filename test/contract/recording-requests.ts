/** The bodies of the recorded requests, as the recorder sent them. */

import { dumpJson, type Json, type JsonObject } from '../../resources/demo/comfy-double/python-json.ts';
import { at, numberAt, type Recording, textAt } from './recording.ts';

export interface RequestBody {
  /** With the recorded ids in it. */
  readonly body?: string | Buffer;
  readonly headers: Record<string, string>;
}

export function requestBody(recording: Recording, step: JsonObject): RequestBody {
  const request = at(step, 'request');
  const parts = at(request, 'multipart');
  if (Array.isArray(parts)) return multipart(parts);
  const text = at(request, 'body_text');
  if (typeof text === 'string') return { body: text, headers: {} };
  const body = at(request, 'body');
  if (body === undefined) return { headers: {} };
  if (at(body, 'truncated') === true) return { body: restoreUiGraph(textAt(body, 'head')), headers: {} };
  return { body: dumpJson(repair(recording, body, step)), headers: { 'content-type': 'application/json' } };
}

/**
 * The recorder kept a reference to the graph it sent and sometimes changed file prefix or colour
 * afterwards (02, 14). The history in the same recording has what was really sent.
 */
function repair(recording: Recording, body: Json, step: JsonObject): Json {
  const id = at(step, 'response', 'body', 'prompt_id');
  if (typeof id !== 'string') return body;
  for (const other of recording.steps) {
    const sent = at(other, 'response', 'body', id, 'prompt', 2);
    const sameNumber =
      at(other, 'response', 'body', id, 'prompt', 0) === at(step, 'response', 'body', 'number');
    if (sameNumber && sent instanceof Map) {
      for (const [nodeId, node] of sent) {
        const inputs = at(body, 'prompt', nodeId, 'inputs');
        for (const key of ['filename_prefix', 'color']) {
          const value = at(node, 'inputs', key);
          if (inputs instanceof Map && value !== undefined) inputs.set(key, value);
        }
      }
      return body;
    }
  }
  return body;
}

/** The recorder's 16 x 16 PNGs: the head it kept, and as many bytes as it sent. */
function fileContent(part: Json): Buffer {
  const length = numberAt(part, 'bytes');
  if (textAt(part, 'filename').endsWith('.txt')) return Buffer.from('hello');
  const head = Buffer.from('89504e470d0a1a0a0000000d494844520000001000000010', 'hex');
  return Buffer.concat([head, Buffer.alloc(length - head.length, length)]);
}

function multipart(parts: readonly Json[]): RequestBody {
  const boundary = 'replay-boundary-7d1f';
  const chunks: Buffer[] = [];
  for (const part of parts) {
    const file = at(part, 'filename');
    const disposition = `form-data; name="${textAt(part, 'name')}"${typeof file === 'string' ? `; filename="${file}"` : ''}`;
    const type = typeof file === 'string' ? `\r\nContent-Type: ${textAt(part, 'content_type')}` : '';
    chunks.push(Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}${type}\r\n\r\n`));
    chunks.push(typeof file === 'string' ? fileContent(part) : Buffer.from(textAt(part, 'value')));
    chunks.push(Buffer.from('\r\n'));
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return {
    body: Buffer.concat(chunks),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}

/** The platform's UI graph was cut in the recording; its head is enough to tell the shape. */
function restoreUiGraph(head: string): string {
  const wrapped = head.startsWith('{"prompt"');
  const id = /"id": "([0-9a-f-]+)"/.exec(head)?.[1] ?? '';
  const graph = `{"id": "${id}", "revision": 0, "last_node_id": 97, "last_link_id": 253, "nodes": [{"id": 75, "type": "SaveVideo"}], "links": []}`;
  return wrapped ? `{"prompt": ${graph}}` : graph;
}
