import { csvText, unguarded } from '../csv.ts';
import { NAME_MAX, showableName } from './person-name.ts';

/** Rows and characters of one import; a workshop has a few dozen people. */
const ROWS_MAX = 1000;
export const CSV_CHARS_MAX = 200_000;
const PROBLEMS_MAX = 20;

export interface NicknameImport {
  /** User id and nickname, each user once. */
  names: [userId: string, nickname: string][];
  /** What was left out or looks odd, one sentence each, with its line; at most 20. */
  problems: string[];
}

/**
 * Reads a list of nicknames: two columns, user and nickname, separated by comma, semicolon or tab, with or without a
 * heading; quoted cells may hold separators, doubled quotes and line breaks. A bare number stands for a user of the
 * platform (4 is user004). The text may be anything; what cannot be used is told, never thrown.
 */
export function readNicknames(csv: string): NicknameImport {
  const problems: string[] = [];
  const tell = (sentence: string) => {
    if (problems.length < PROBLEMS_MAX) problems.push(sentence);
  };
  if (csv.length > CSV_CHARS_MAX)
    tell(`The list is longer than ${CSV_CHARS_MAX} characters; the rest was left out.`);
  const text = csv.slice(0, CSV_CHARS_MAX).replace(/^\ufeff/, '');
  const rows = rowsOf(text, separatorOf(text));
  const heading = rows[0] ? headingOf(rows[0].cells) : undefined;
  const { user, name } = heading ?? { user: 0, name: 1 };

  const names = new Map<string, string>();
  const content = heading ? rows.slice(1) : rows;
  if (content.length > ROWS_MAX) tell(`Only the first ${ROWS_MAX} rows were read.`);
  for (const { line, cells } of content.slice(0, ROWS_MAX)) {
    const userId = userIdOf(unguarded((cells[user] ?? '').trim()));
    const raw = unguarded((cells[name] ?? '').trim());
    const nickname = showableName(raw);
    if (userId === undefined) tell(`Line ${line}: no user.`);
    else if (nickname === '') tell(`Line ${line}: no nickname for ${userId}.`);
    else {
      if (names.has(userId)) tell(`Line ${line}: ${userId} stands there twice; the last nickname counts.`);
      if (nickname !== raw.trim() && raw.trim().length > NAME_MAX)
        tell(`Line ${line}: the nickname of ${userId} was shortened.`);
      names.set(userId, nickname);
    }
  }
  for (const sentence of sharedNames(names)) tell(sentence);
  return { names: [...names], problems };
}

/** All nicknames as a list that `readNicknames` takes back, in the order of the user ids. */
export function nicknameCsv(nicknames: Readonly<Record<string, string>>): string {
  return csvText(
    ['user', 'nickname'],
    Object.entries(nicknames).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** A user id as the platform writes it, or undefined when the text cannot be one. */
export function userIdOf(text: string): string | undefined {
  const id = text.trim();
  if (/^\d{1,3}$/.test(id)) return `user${id.padStart(3, '0')}`;
  return /^[\p{L}\p{N}_.@+-]{1,100}$/u.test(id) && id !== '__proto__' ? id : undefined;
}

function sharedNames(names: ReadonlyMap<string, string>): string[] {
  const users = new Map<string, string[]>();
  for (const [userId, nickname] of names)
    users.set(nickname.toLowerCase(), [...(users.get(nickname.toLowerCase()) ?? []), userId]);
  return [...users.values()]
    .filter((ids) => ids.length > 1)
    .map((ids) => `${ids.slice(0, 3).join(', ')} share the nickname ${names.get(ids[0] ?? '') ?? ''}.`);
}

/** The separator that the first line uses most; a comma when there is none. */
function separatorOf(text: string): string {
  const first = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const count = (separator: string) => first.split(separator).length;
  const [best] = [',', ';', '\t'].sort((a, b) => count(b) - count(a));
  return best ?? ',';
}

function headingOf(cells: readonly string[]): { user: number; name: number } | undefined {
  const plain = cells.map((cell) => cell.toLowerCase().replace(/[^a-z]/g, ''));
  const find = (...words: string[]) => plain.findIndex((cell) => words.includes(cell));
  const user = find('user', 'userid', 'username', 'participant', 'account', 'id');
  const name = find('nickname', 'nick', 'name', 'displayname', 'firstname');
  return user < 0 || name < 0 ? undefined : { user, name };
}

interface Row {
  /** Line of its first character, from 1. */
  line: number;
  cells: string[];
}

/** Rows with something in them. One pass, so that no text makes it slow. */
function rowsOf(text: string, separator: string): Row[] {
  const rows: Row[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let startedAt = 1;
  const endRow = () => {
    cells.push(cell);
    if (cells.some((one) => one.trim() !== '')) rows.push({ line: startedAt, cells });
    cells = [];
    cell = '';
    startedAt = line;
  };
  for (let at = 0; at < text.length && rows.length <= ROWS_MAX + 1; at += 1) {
    const letter = text.charAt(at);
    const isBreak = letter === '\n' || (letter === '\r' && text.charAt(at + 1) !== '\n');
    if (isBreak) line += 1;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text.charAt(at + 1) === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && cell.trim() === '') {
      cell = '';
      quoted = true;
    } else if (letter === separator) {
      cells.push(cell);
      cell = '';
    } else if (isBreak) endRow();
    else if (letter !== '\r') cell += letter;
  }
  endRow();
  return rows;
}
