import { describe, expect, test } from 'vitest';
import { endOfEntry, outcomeOfEnd, readHistory } from '../../../worker-agent/src/comfy/history.ts';

const entry = (status: object, outputs: object = {}) =>
  Buffer.from(
    JSON.stringify({ p: { prompt: [7, 'p', { a: { class_type: 'X' } }, {}, []], outputs, status } }),
  );
const outcome = (bytes: Buffer) => {
  const read = readHistory(bytes, 'p');
  if (!read) throw new Error('absent');
  return outcomeOfEnd(endOfEntry(read), []);
};

describe('readHistory', () => {
  test('tells this run by its number, and absence by {}', () => {
    expect(readHistory(entry({ status_str: 'success' }), 'p')?.number).toBe(7);
    expect(readHistory(Buffer.from('{}'), 'p')).toBeUndefined();
    expect(readHistory(entry({ status_str: 'success' }), 'other')).toBeUndefined();
    for (const [text, number] of [
      ['-67', -67],
      ['2.5', 2.5],
      ['-5.0', -5],
      ['1e3', 1000],
    ] as const)
      expect(
        readHistory(Buffer.from(`{"p":{"prompt":[${text}, "p"],"outputs":{},"status":{}}}`), 'p')?.number,
      ).toBe(number);
  });

  test('bare NaN in outputs is null, not the end', () => {
    const read = readHistory(
      Buffer.from('{"p":{"outputs":{"1":{"x":[NaN]}},"status":{"status_str":"success"}}}'),
      'p',
    );
    expect(read?.outputs).toEqual({ '1': { x: [null] } });
  });

  test('odd shapes are survived, nonsense is COMFY_PROTOCOL', () => {
    expect(readHistory(Buffer.from('{"p":{"outputs":7,"status":{"messages":"x"}}}'), 'p')).toEqual({
      number: null,
      outputs: {},
      statusText: null,
      messages: [],
    });
    for (const text of ['', '[]', '<html>', '{"p":7}', '{"p":{"status":'])
      expect(() => readHistory(Buffer.from(text), 'p'), text).toThrow(
        expect.objectContaining({ code: 'COMFY_PROTOCOL' }),
      );
  });
});

describe('the end (contract 5.3)', () => {
  const failure = {
    prompt_id: 'p',
    node_id: '3',
    node_type: 'KSampler',
    exception_type: 'ValueError',
    exception_message: 'no\n',
  };

  test('messages decide, not status_str', () => {
    expect(
      outcome(entry({ status_str: 'success', completed: true, messages: [['execution_error', failure]] })),
    ).toMatchObject({
      kind: 'failed',
      error: { code: 'NODE_FAILED', message: 'Node 3 (KSampler) failed.\nValueError: no' },
    });
    expect(outcome(entry({ status_str: 'error', messages: [['execution_interrupted', {}]] }))).toEqual({
      kind: 'interrupted',
    });
  });

  test('without messages status_str decides', () => {
    expect(outcome(entry({ status_str: 'success' }, { '1': { text: ['x'] } })).kind).toBe('success');
    expect(outcome(entry({ status_str: 'error' })).kind).toBe('failed');
    expect(outcome(entry({})).kind).toBe('failed');
  });

  test('a blocked branch is not the end', () => {
    const blocked = { ...failure, exception_type: 'ExecutionBlocked' };
    const messages = [
      ['execution_error', blocked],
      ['execution_success', { timestamp: 3000 }],
    ];
    expect(outcome(entry({ status_str: 'success', messages })).kind).toBe('success');
  });

  test('seconds come from the server timestamps', () => {
    const messages = [
      ['execution_start', { timestamp: 1000 }],
      ['execution_success', { timestamp: 3500 }],
    ];
    expect(outcome(entry({ status_str: 'success', messages }))).toMatchObject({ executionSeconds: 2.5 });
  });
});
