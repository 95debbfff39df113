import type { FilterExample } from '../../components/filter-help.tsx';

/** What can be asked of a person; `PersonRow` has it all. */
interface Asked {
  userId: string;
  nickname: string;
  waiting: number;
  running: number;
  done: number;
  failed: number;
  gpuMs: number;
  held: boolean;
  ownCap: number | null;
  ownLineCap: number | null;
}

type Test = (row: Asked) => boolean;

/** States that can be typed as a word. */
const STATES: Readonly<Record<string, Test>> = {
  waiting: ({ waiting }) => waiting > 0,
  running: ({ running }) => running > 0,
  failed: ({ failed }) => failed > 0,
  held: ({ held }) => held,
  limited: ({ ownCap, ownLineCap }) => ownCap !== null || ownLineCap !== null,
  nameless: ({ nickname }) => nickname === '',
};

/** Figures that can be compared; GPU time in minutes, as it is shown. */
const FIGURES: Readonly<Record<string, (row: Asked) => number>> = {
  waiting: ({ waiting }) => waiting,
  running: ({ running }) => running,
  done: ({ done }) => done,
  failed: ({ failed }) => failed,
  gpu: ({ gpuMs }) => gpuMs / 60_000,
};

const TERM = /"([^"]*)"|(\S+)/g;
const COMPARISON = /^([a-z]+)(>=|<=|>|<|=)(\d{1,9})$/;

/** What the help beside the search shows. */
export const PEOPLE_EXAMPLES: readonly FilterExample[] = [
  { typed: 'waiting', means: 'also: running, failed, held' },
  { typed: 'waiting>3', means: 'also: running, done, failed, with > < >= <= =' },
  { typed: 'gpu>=10', means: 'minutes on a GPU today' },
  { typed: 'limited', means: 'with a limit of their own' },
  { typed: 'nameless', means: 'without a nickname' },
  { typed: 'held waiting', means: 'both together' },
  { typed: '"held"', means: 'in quotes: the person of that name' },
];

/**
 * Who is meant by what is typed: `held`, `waiting failed>2`, `gpu>=10`; all of them must hold. Any other word is
 * looked for in nickname and id, and so is what stands in quotes: `"held"` finds the person of that name.
 */
export function readTypedPeople(text: string): Test {
  const tests: Test[] = [];
  const words: string[] = [];
  for (const [, quoted, plain] of text.toLowerCase().matchAll(TERM)) {
    const test = plain === undefined ? undefined : testOf(plain);
    const word = quoted ?? plain ?? '';
    if (test) tests.push(test);
    else if (word !== '') words.push(word);
  }
  // Words that are no filter are one name: "Ada Lovelace" is typed without quotes.
  const name = words.join(' ');
  if (name !== '')
    tests.push(({ nickname, userId }) => `${nickname}\n${userId}`.toLowerCase().includes(name));
  return (row) => tests.every((test) => test(row));
}

function testOf(word: string): Test | undefined {
  if (Object.hasOwn(STATES, word)) return STATES[word];
  const [, name = '', sign, digits] = COMPARISON.exec(word) ?? [];
  const figure = Object.hasOwn(FIGURES, name) ? FIGURES[name] : undefined;
  if (!figure) return undefined;
  const wanted = Number(digits);
  return (row) => {
    const value = figure(row);
    if (sign === '=') return Math.floor(value) === wanted;
    if (sign === '>') return value > wanted;
    if (sign === '<') return value < wanted;
    return sign === '>=' ? value >= wanted : value <= wanted;
  };
}
