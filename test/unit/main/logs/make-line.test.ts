import { describe, expect, test } from 'vitest';
import { createLineMaker } from '../../../../src-main/domain/logs/make-line.ts';

const plain = { at: null, level: null, came: null };
const make = (raw: string, secrets: string[] = []) => createLineMaker(secrets)(raw, plain);

describe('what a line says', () => {
  test('a record of the agent: time, level, sentence, fields; an error by its message', () => {
    const record = {
      level: 40,
      time: '2026-11-24T09:30:00.120Z',
      pid: 7,
      msg: 'worker-2 is slow',
      jobId: 'a1',
    };
    expect(
      make(JSON.stringify({ ...record, err: { type: 'Error', message: 'no answer', stack: 'x' } })),
    ).toEqual({
      at: Date.parse('2026-11-24T09:30:00.120Z'),
      came: false,
      level: 'warn',
      text: 'worker-2 is slow  jobId=a1  err=no answer',
      cut: 0,
      hidden: 0,
    });
    expect(make('{"level":30,"time":1700000000000,"msg":"ready"}')).toMatchObject({
      at: 1_700_000_000_000,
      level: 'info',
    });
    expect(make('{"not":"a record"}')).toMatchObject({ text: '{"not":"a record"}', at: null });
    expect(make('{"level":30,"msg"')).toMatchObject({ text: '{"level":30,"msg"' });
  });

  test.each([
    ['[INFO] loaded', 'info'],
    ['2026-11-24 09:30:00,120 - root - WARNING - low VRAM', 'warn'],
    ['ERROR:root:no model', 'error'],
    ['DEBUG: x', 'debug'],
    ['!!! Exception during processing !!! boom', 'error'],
    ['torch.OutOfMemoryError: CUDA out of memory.', 'error'],
    ['got prompt', 'info'],
    ['the participant wrote a long sentence about many things that names no ERROR at all', 'info'],
    ['INFORMATION', 'info'],
  ])('%s is %s', (raw, level) => {
    expect(make(raw).level).toBe(level);
  });

  test('a time in front is taken off when it names its zone, and stays when it does not', () => {
    expect(make('[2026-11-24T09:30:00.5+02:00] hello')).toMatchObject({
      at: Date.parse('2026-11-24T07:30:00.500Z'),
      text: 'hello',
    });
    expect(make('2026-11-24 09:30:00 hello')).toMatchObject({ at: null, text: '2026-11-24 09:30:00 hello' });
  });

  test('a traceback is one error, and what follows it is not', () => {
    const maker = createLineMaker([]);
    const lines = [
      'Traceback (most recent call last):',
      '  File "execution.py", line 1, in run',
      '    raise ValueError',
      'ValueError: bad',
      '',
      'got prompt',
    ];
    expect(lines.map((line) => maker(line, plain).level)).toEqual([
      ...Array(4).fill('error'),
      'info',
      'info',
    ]);
  });

  test('when it came counts only where the line has no time of its own', () => {
    const maker = createLineMaker([]);
    expect(maker('x', { ...plain, came: 5 })).toMatchObject({ at: 5, came: true });
    expect(maker('x', { ...plain, at: 3, came: 5 })).toMatchObject({ at: 3, came: false });
  });
});

describe('text that is safe to show', () => {
  test('no colours, control or direction characters; the last state of a progress bar', () => {
    expect(make('\u001b[31;1mred\u001b[0m \u202eevil\u0007\u0000 \u001b]0;title\u0007<script>').text).toBe(
      'red evil <script>',
    );
    expect(make('  0%|   | 0/20\r 50%|## | 10/20\r100%|####| 20/20').text).toBe('100%|####| 20/20');
    expect(make('{"level":30,"msg":"a\\u001b[31mb\\u202ec\\nd"}').text).toBe('abc ⏎ d');
  });

  test('a long line is cut and says by how much', () => {
    const line = make('x'.repeat(10_000));
    expect(line.text).toHaveLength(4000);
    expect(line.cut).toBe(6000);
    expect(make('y'.repeat(4000)).cut).toBe(0);
  });
});

describe('secrets', () => {
  const known = 'h7%"Q z9';

  test.each([
    known,
    JSON.stringify({ level: 30, msg: 'x', redis: { password: known } }),
    `redis://:${encodeURIComponent(known)}@10.0.0.1:6379`,
    `AUTH ${Buffer.from(known).toString('base64')}`,
    `\u001b[1mh7%"\u001b[0mQ z9`,
  ])('a known one is hidden in every spelling: %s', (raw) => {
    const { text, hidden } = make(raw, [known]);
    expect(text).toContain('[hidden]');
    expect(text).not.toContain('Q z9');
    expect(text).not.toContain(encodeURIComponent(known));
    expect(hidden).toBeGreaterThan(0);
  });

  test.each([
    ['REDIS_PASSWORD=Marker42x', 'REDIS_PASSWORD=[hidden]'],
    ["password: 'Marker42x' next", "password: '[hidden]' next"],
    ['{"apiKey":"Marker42x","a":1}', '{"apiKey":"[hidden]","a":1}'],
    ['{\\"password\\":\\"Marker42x\\"}', '{\\"password\\":[hidden]\\"}'],
    ['password="Marker42x', 'password="[hidden]"'],
    ['run --token Marker42x now', 'run --token [hidden] now'],
    ['Authorization: Bearer Marker42x', 'Authorization: Bearer [hidden]'],
    ['GET /ws?token=Marker42x&a=1', 'GET /ws?token=[hidden]&a=1'],
    ['redis://default:Marker42x@10.0.0.1:6379/0', 'redis://default:[hidden]@10.0.0.1:6379/0'],
    ['using hf_Marker42xMarker42xMarker42x', 'using [hidden]'],
    ['eyJMarker42x.eyJMarker42x.sig', '[hidden]'],
  ])('%s', (raw, shown) => {
    expect(make(raw)).toMatchObject({ text: shown, hidden: 1 });
  });

  test.each([
    'token: 77',
    'max tokens 512',
    'password: null',
    'the secret is safe',
    'keyboard=3',
    'http://a.b:80/c',
  ])('what is none stays: %s', (raw) => {
    expect(make(raw)).toMatchObject({ text: raw, hidden: 0 });
  });

  test('a private key over several lines, also when only its body is seen', () => {
    const maker = createLineMaker([]);
    const body = 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2';
    const lines = [
      'key: -----BEGIN OPENSSH PRIVATE KEY-----',
      'short',
      body,
      '-----END OPENSSH PRIVATE KEY----- on',
      'after',
    ];
    expect(lines.map((line) => maker(line, plain).text)).toEqual([
      'key: [hidden]',
      '[hidden]',
      '[hidden]',
      '[hidden] on',
      'after',
    ]);
    expect(make(body).text).toBe('[hidden]');
  });

  test('none shows because the line around it was cut', () => {
    for (let before = 3980; before < 4010; before += 1)
      expect(make(`${'x'.repeat(before)}${known}y`, [known]).text).not.toContain('h7%');
    const many = `${'password=abcdefgh123 '.repeat(420)}${known}`;
    expect(make(many, [known]).text).not.toMatch(/abc|h7%/);
  });

  test('hostile text costs little', () => {
    // Quadratic work would take minutes, far beyond the test's own limit.
    for (const part of ['a', 'token ', 'password', '"', '\\', 'eyJ-', ' ', ':', 'a://', '\u001b['])
      expect(make(part.repeat(65_536 / part.length)).text.length).toBeLessThanOrEqual(4000);
  });
});
