import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBinaryFrame, readFrame } from '../../../worker-agent/src/comfy/messages.ts';
import { frameOf, RECORDED_VERSIONS, readRecording } from '../../support/recording.ts';

function head(event: number, second: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(event, 0);
  bytes.writeUInt32BE(second, 4);
  return bytes;
}

describe('binary frames (contract 5.7)', () => {
  test('event 1: image format and bytes', () => {
    const image = Buffer.from([1, 2, 3]);
    expect(readBinaryFrame(Buffer.concat([head(1, 2), image]))).toEqual({
      kind: 'preview',
      format: 'png',
      promptId: null,
      image,
    });
  });

  test('event 3: node id and text', () => {
    const bytes = Buffer.concat([head(3, 2), Buffer.from('12grüße')]);
    expect(readBinaryFrame(bytes)).toEqual({ kind: 'text', nodeId: '12', text: 'grüße' });
  });

  test('event 4: prompt id from its metadata', () => {
    const metadata = Buffer.from('{"prompt_id":"p","image_type":"image/jpeg"}');
    const frame = readBinaryFrame(Buffer.concat([head(4, metadata.length), metadata, Buffer.from([9])]));
    expect(frame).toMatchObject({ kind: 'preview', format: 'jpeg', promptId: 'p' });
  });

  test('whatever else comes is unknown and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(['preview', 'text', 'unknown']).toContain(readBinaryFrame(Buffer.from(bytes)).kind);
      }),
    );
    expect(readBinaryFrame(head(4, 0xffffffff)).kind).toBe('unknown');
    expect(readBinaryFrame(Buffer.concat([head(4, 2), Buffer.from('no')])).kind).toBe('unknown');
  });

  test.each(RECORDED_VERSIONS)('all that ComfyUI %s sent is understood', (version) => {
    const kinds = readRecording(version, '14-previews').flatMap(({ kind, frame }) =>
      kind === 'ws-binary' && frame ? [readBinaryFrame(frame)] : [],
    );
    expect(kinds.length).toBeGreaterThan(10);
    expect(kinds.every(({ kind }) => kind !== 'unknown')).toBe(true);
    expect(kinds.some((frame) => frame.kind === 'text' && frame.text === 'hello text')).toBe(true);
    expect(kinds.some((frame) => frame.kind === 'preview' && frame.promptId !== null)).toBe(true);
  });
});

describe('text frames', () => {
  const known = new Set([
    ...[
      'status',
      'execution_start',
      'execution_cached',
      'executing',
      'progress',
      'progress_state',
      'executed',
    ],
    ...['execution_success', 'execution_error', 'execution_interrupted'],
  ]);

  test.each(RECORDED_VERSIONS)('every frame of ComfyUI %s that matters is read', (version) => {
    for (const scenario of [
      '01-success',
      '06-node-error',
      '08-execution-blocker',
      '09-interrupt',
      '14-previews',
    ])
      for (const step of readRecording(version, scenario)) {
        const type = frameOf(step)?.type;
        // A reconnect's {node} without prompt id is the one shape of executing that belongs to nobody.
        if (type && known.has(type))
          expect(readFrame(String(step.frame))?.type, String(step.frame)).toBe(type);
      }
  });

  test('inputs of a failed node are left behind', () => {
    const frame = readFrame(
      '{"type":"execution_error","data":{"prompt_id":"p","node_id":"1","current_inputs":{"image":["tensor"]},"traceback":["x"]}}',
    );
    expect(JSON.stringify(frame)).not.toMatch(/tensor|traceback/);
  });

  test('anything else is ignored, nothing throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readFrame(text)).toBeUndefined();
      }),
    );
    for (const text of [
      '{"type":"__proto__","data":{}}',
      '{"type":"executed","data":{"prompt_id":1,"node":"1"}}',
    ])
      expect(readFrame(text)).toBeUndefined();
  });
});
