import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nicknameCsv, readNicknames, userIdOf } from '../../../../src-main/domain/room/nickname-csv.ts';
import { NAME_MAX, showableName } from '../../../../src-main/domain/room/person-name.ts';

/** What steers or hides text, and must never reach a projector. */
const UNSHOWABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]/u;

describe('a name as it may be shown', () => {
  test.each([
    ['  Anna   Maria\n', 'Anna Maria'],
    ['עדי בן־דוד', 'עדי בן־דוד'],
    ['می‌خواهم', 'می‌خواهم'],
    ['👩‍👧 Zoë', '👩‍👧 Zoë'],
    ['\u202eevil\u202c', 'evil'],
    ['a\u0000b\u001bc', 'abc'],
    ['\u200b\u200d\ufeff', ''],
    ['!\t\u0000\t!', '! !'],
    ['e\u0000\u0301', 'é'],
    ['', ''],
    [`Z${'\u0301'.repeat(50)}a`, 'Ź\u0301\u0301\u0301a'],
  ])('%j is %j', (given, shown) => {
    expect(showableName(given)).toBe(shown.normalize('NFC'));
  });

  test('is cut at a whole character', () => {
    expect(showableName('A'.repeat(10_000))).toBe(`${'A'.repeat(NAME_MAX - 1)}…`);
    expect([...new Intl.Segmenter().segment(showableName('👨‍👩‍👧‍👦'.repeat(50)))].length).toBeLessThanOrEqual(
      NAME_MAX,
    );
  });

  test('whatever comes in, one short line without control characters comes out, and it stays as it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme' })),
        (text) => {
          const name = showableName(text);
          expect(name).not.toMatch(UNSHOWABLE);
          expect(name).not.toMatch(/\n/);
          expect(showableName(name)).toBe(name);
        },
      ),
    );
    // On a busy machine its hundred texts take seconds.
  }, 60_000);
});

describe('a list of nicknames', () => {
  test('takes commas, semicolons or tabs, a heading in any order, quotes, a byte order mark, any line end', () => {
    const expected = [
      ['user004', 'Lynx, the great'],
      ['user009', 'He said "hi"'],
    ];
    expect(
      readNicknames('\ufeffuser;nickname\r\nuser004;"Lynx, the great"\r\n9;"He said ""hi"""\r\n').names,
    ).toEqual(expected);
    expect(readNicknames('Nickname\tUser ID\nLynx, the great\tuser004\rHe said "hi"\tuser009').names).toEqual(
      expected,
    );
    expect(readNicknames('user004,"Lynx, the great"\n\n,\n user009 , He said "hi" ').names).toEqual(expected);
  });

  test('tells by line what it left out', () => {
    const { names, problems } = readNicknames(
      'user001,Ann\n,Bob\nuser003,\n<script>,Eve\nuser001,Anne\nuser005,anne',
    );
    expect(names).toEqual([
      ['user001', 'Anne'],
      ['user005', 'anne'],
    ]);
    expect(problems).toEqual([
      'Line 2: no user.',
      'Line 3: no nickname for user003.',
      'Line 4: no user.',
      'Line 5: user001 stands there twice; the last nickname counts.',
      'user001, user005 share the nickname Anne.',
    ]);
  });

  test('a quote left open, endless cells and far too many rows do no harm', () => {
    expect(readNicknames('user001,"open\nuser002,b').names).toEqual([['user001', 'open user002,b']]);
    expect(readNicknames(`user001,${'x'.repeat(1_000_000)}`).names[0]?.[1]).toHaveLength(NAME_MAX);
    const many = readNicknames(Array.from({ length: 20_000 }, (_, at) => `u${at},n${at}`).join('\n'));
    expect(many.names).toHaveLength(1000);
    expect(many.problems.length).toBeGreaterThan(0);
    expect(readNicknames('__proto__,evil\nconstructor,C').names).toEqual([['constructor', 'C']]);
  });

  test('never throws, and gives only usable users and names', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab01,;\t"\r\n\u202e\u0000user ') }), (text) => {
        for (const [user, name] of readNicknames(text).names) {
          expect(userIdOf(user)).toBe(user);
          expect(showableName(name)).toBe(name);
          expect(name).not.toBe('');
        }
      }),
    );
  });
});

test('what is saved as CSV is taken back as it is, and no spreadsheet runs it', () => {
  const id = fc.stringMatching(/^[\p{L}_.@+-][\p{L}\p{N}_.@+-]{0,20}$/u).filter((one) => one !== '__proto__');
  const name = fc.oneof(
    fc.constantFrom('=cmd()', "'=cmd()", "''+1", "'quoted'", 'a,b;c\td', 'He said "hi"', '＝1', '-', "'"),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
  );
  fc.assert(
    fc.property(
      fc.dictionary(id, name.map(showableName).filter(Boolean), { noNullPrototype: true }),
      (names) => {
        const csv = nicknameCsv(names);
        expect(Object.fromEntries(readNicknames(csv).names)).toEqual(names);
        for (const cell of csv.slice(1).split(/[,\r\n]+/)) expect(cell).not.toMatch(/^"?[=+\-@＝＋－＠]/);
      },
    ),
  );
}, 60_000);
