import { type EnvEntry, envEntries, repeatedKeys } from '../../../worker-agent/src/contract/env-text.ts';
import type { RemedyId } from '../remedies/remedy.ts';
import { addressKind, checkValue, isPlaceholder, isTailnet } from './check-value.ts';
import { ruleOf } from './key-rules.ts';
import { isSecret } from './mask.ts';
import { peoplesFolders } from './peoples-folders.ts';
import { type ImportChoices, type ImportFacts, redisAddress } from './redis-address.ts';
import { unportable } from './write-value.ts';

/** A fault of the files, and the way out of it. No text of it holds a secret. */
export interface PlanProblem {
  /** Stable while facts stay the same. */
  id: string;
  key: string;
  /** Which machine it must be mended on. */
  where: 'gpu' | 'vps';
  /** Nothing is written while it stands. */
  blocking: boolean;
  /** One or two sentences. */
  sentence: string;
  /** What one click can do about it. */
  fix: { label: string; value?: string; takeOut?: true } | null;
  /** The value must come from a person. */
  ask: boolean;
  /** What mends it on the VPS itself; null where nothing there is to be mended, or only a person can. */
  mend: Extract<RemedyId, 'open-redis' | 'set-env-key' | 'open-folder'> | null;
  /** The fix was taken, or a value was entered. */
  accepted: boolean;
}

type Found = Omit<PlanProblem, 'accepted' | 'fix' | 'ask' | 'mend'> &
  Partial<Pick<PlanProblem, 'fix' | 'ask' | 'mend'>>;

/** All that is wrong with the VPS's file for this purpose, and with what stands on the GPU host; blocking ones first. */
export function findProblems(facts: ImportFacts, choices: ImportChoices): PlanProblem[] {
  const entries = envEntries(facts.source);
  const found = [
    ...addressProblems(facts, choices),
    ...passwordProblems(entries, choices),
    ...valueProblems(entries, choices),
    ...bindProblems(entries, facts),
    ...folderProblems(entries, facts),
    ...spellingProblems(facts, entries, choices),
    ...strayProblems(facts),
  ];
  return found
    .map((problem) => ({
      fix: null,
      ask: false,
      mend: null,
      ...problem,
      accepted: isSettled(problem, choices),
    }))
    .sort((a, b) => Number(b.blocking) - Number(a.blocking));
}

function isSettled({ id, key, fix, ask }: Found, { accepted, values }: ImportChoices): boolean {
  if (fix && accepted.includes(id)) return true;
  return Boolean(ask && values[key]);
}

function* addressProblems(facts: ImportFacts, choices: ImportChoices): Generator<Found> {
  const problem = { id: 'REDIS_HOST/unknown', key: 'REDIS_HOST', where: 'gpu', blocking: true } as const;
  const address = redisAddress(facts, { ...choices, values: {} });
  if (!address)
    yield {
      ...problem,
      sentence:
        'The GPU host needs the address of the VPS in the tailnet (100.x.y.z). The file does not name it, and the VPS was not asked or is in no tailnet. It is asked when its link stands above and the file is read from it.',
      ask: true,
    };
  const entered = choices.values.REDIS_HOST;
  if (entered !== undefined && !/^[a-zA-Z0-9_.:-]{1,253}$/.test(entered))
    yield {
      ...problem,
      id: 'REDIS_HOST/form',
      sentence: 'The address must be a host name or an IP address, without redis:// and without blanks.',
    };
  else if (entered !== undefined && addressKind(entered) !== 'tailnet')
    yield {
      ...problem,
      id: 'REDIS_HOST/not-tailnet',
      blocking: false,
      sentence:
        'The address that you entered is not of a tailnet (100.64.0.0/10). It works only if Redis is open on it for the GPU host.',
    };
}

function* passwordProblems(entries: ReadonlyMap<string, EnvEntry>, choices: ImportChoices): Generator<Found> {
  const key = 'REDIS_PASSWORD';
  const entered = choices.values[key];
  const value = entered ?? entries.get(key)?.value;
  const base = { id: `${key}/value`, key, where: 'gpu', ask: true } as const;
  if (value === undefined)
    return yield {
      ...base,
      blocking: true,
      sentence: 'The file holds no REDIS_PASSWORD, and Redis on the VPS asks for one.',
    };
  const problem = checkValue(key, value);
  // What was entered is judged like what was read: a placeholder stays one.
  if (problem)
    yield {
      ...base,
      id: entered === undefined ? base.id : `${key}/entered`,
      ask: entered === undefined && problem.blocking,
      blocking: problem.blocking,
      sentence: `About REDIS_PASSWORD: ${problem.problem}.`,
    };
}

function* valueProblems(entries: ReadonlyMap<string, EnvEntry>, { values }: ImportChoices): Generator<Found> {
  for (const { key, value } of entries.values()) {
    if (key === 'REDIS_PASSWORD') continue;
    const secret = isSecret(key, value);
    const goes = ruleOf(key, secret).destination === 'gpu';
    const problem = checkValue(key, values[key] ?? value);
    if (problem) {
      const { better } = problem;
      const shown = `${key}=${quoted(value)}`;
      yield {
        id: `${key}/value`,
        key,
        where: goes ? 'gpu' : 'vps',
        blocking: problem.blocking && goes,
        sentence: `${shown}: ${problem.problem}.${goes ? '' : ' It is read on the VPS only.'}`,
        fix: goes && better !== undefined ? { label: `Use ${better}`, value: better } : null,
        // Which port Redis has is not ours to guess for the whole platform.
        mend: better === undefined || key.endsWith('REDIS_PORT') ? null : 'set-env-key',
      };
    } else if (!goes && isPlaceholder(value) && key.endsWith('PASSWORD'))
      yield {
        id: `${key}/placeholder`,
        key,
        where: 'vps',
        blocking: false,
        sentence: `${key} is still the placeholder of the example file, which everybody knows. It is read on the VPS only.`,
        // Who else would have to be told of another one is not known.
        mend: key === 'ADMIN_PASSWORD' ? 'set-env-key' : null,
      };
  }
}

/** REDIS_BIND_IP decides on which address of the VPS Redis is open at all (contract 1.1). */
function* bindProblems(entries: ReadonlyMap<string, EnvEntry>, facts: ImportFacts): Generator<Found> {
  const key = 'REDIS_BIND_IP';
  const bind = entries.get(key)?.value ?? '';
  const { tailnetAddress: own, listensOn } = facts;
  const base = { key, where: 'vps', blocking: false, mend: 'open-redis' } as const;
  const open = listensOn?.some(
    (at) => at === '0.0.0.0' || at === '*' || at === '::' || at === own || isTailnet(at),
  );
  if (bind === '0.0.0.0')
    return yield {
      ...base,
      id: `${key}/open`,
      sentence:
        'REDIS_BIND_IP=0.0.0.0 opens Redis to the whole internet; only its password protects it. The tailnet address is enough.',
    };
  if (open) return;
  if (own !== null && isTailnet(bind) && bind !== own)
    return yield {
      ...base,
      id: `${key}/other`,
      sentence: `REDIS_BIND_IP names ${bind}, but the VPS’s tailnet address is ${own}: Redis cannot be reached there.`,
    };
  if (isTailnet(bind)) return;
  const seen =
    listensOn && listensOn.length > 0
      ? ` The VPS confirms it: the port is open on ${listensOn.join(', ')} only.`
      : '';
  yield {
    ...base,
    id: `${key}/closed`,
    sentence: `${bind === '' ? 'REDIS_BIND_IP is not set, so Redis is open' : `REDIS_BIND_IP=${quoted(bind)} opens Redis`} on the VPS alone and the GPU host is locked out.${seen}`,
  };
}

/** Where participants' files are is told by the VPS or not known; it is never guessed. */
function* folderProblems(entries: ReadonlyMap<string, EnvEntry>, facts: ImportFacts): Generator<Found> {
  const standing = facts.existing ? envEntries(facts.existing) : new Map<string, EnvEntry>();
  for (const { key, named, fact, without } of peoplesFolders(facts)) {
    // What was found out earlier stays.
    if (fact.kind === 'known' || standing.get(key)?.value) continue;
    const told = entries.get(named)?.value ?? '';
    const base = { id: `${key}/${fact.kind}`, key, where: 'vps', blocking: false } as const;
    if (told === '') yield { ...base, sentence: `The file names no ${named}, so ${without}.` };
    else if (fact.kind === 'missing')
      yield {
        ...base,
        sentence: `${named}=${quoted(told)} is not there on the VPS, so ${without}.`,
        mend: 'open-folder',
      };
    else
      yield {
        ...base,
        sentence: `Where ${named}=${quoted(told)} is on the VPS is not known, so ${without}. Read the .env from the VPS itself (“Look for it on the VPS”): it is asked then.`,
      };
  }
}

function* spellingProblems(
  { source }: ImportFacts,
  entries: ReadonlyMap<string, EnvEntry>,
  { values }: ImportChoices,
): Generator<Found> {
  for (const line of source.lines)
    if (line.kind === 'unreadable')
      yield {
        id: `line-${line.line}/unreadable`,
        key: `line ${line.line}`,
        where: 'vps',
        blocking: false,
        sentence: `Line ${line.line} cannot be read: ${line.problem}. It is passed over.`,
      };
  for (const key of repeatedKeys(source))
    yield {
      id: `${key}/repeated`,
      key,
      where: 'vps',
      blocking: false,
      sentence: `${key} stands there more than once; the last one counts.`,
    };
  for (const { key, value, quote, doubtful } of entries.values()) {
    const goes = ruleOf(key, isSecret(key, value)).destination === 'gpu';
    if (quote === 'none' && /\s/.test(value))
      yield {
        id: `${key}/blank`,
        key,
        where: 'vps',
        blocking: false,
        sentence: `${key} holds a blank but no quotes: a shell that sources the file on the VPS stops there.`,
        // In quotes, compose would put nothing in the place of a $ any more.
        mend: /["$'`\\]/.test(value) ? null : 'set-env-key',
      };
    else if (goes && doubtful && key !== 'REDIS_HOST')
      yield {
        id: `${key}/doubtful`,
        key,
        where: 'vps',
        blocking: false,
        sentence: `${key} is spelled so that compose and a shell may read it differently. The test against Redis below shows which reading is right.`,
      };
    const why = goes ? unportable(values[key] ?? value) : undefined;
    if (why !== undefined)
      yield {
        id: `${key}/unportable`,
        key,
        where: 'gpu',
        blocking: false,
        sentence: `${key} cannot be written so that compose, python-dotenv and a shell read the same, because ${why}. The agent reads it rightly; choose another value if others must, too.`,
      };
  }
}

/** Secrets that stand on the GPU host though nothing there needs them, e.g. after a whole .env was copied by hand. */
function* strayProblems({ existing }: ImportFacts): Generator<Found> {
  if (!existing) return;
  for (const { key, value } of envEntries(existing).values())
    if (value !== '' && !isPlaceholder(value) && ruleOf(key, isSecret(key, value)).destination === 'never')
      yield {
        id: `${key}/stray`,
        key,
        where: 'gpu',
        blocking: false,
        sentence: `${key} stands on the GPU host, where ${ruleOf(key, true).why}. Whoever gets into that rented machine has it.`,
        fix: { label: 'Take it out', takeOut: true },
      };
}

/** A value that is no secret, for a sentence. */
function quoted(value: string): string {
  const text = value.length > 40 ? `${value.slice(0, 39)}…` : value;
  return `“${text}”`;
}
