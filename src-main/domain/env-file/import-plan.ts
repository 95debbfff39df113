import type { EnvEntry, EnvFile } from '../../../worker-agent/src/contract/env-text.ts';
import { envEntries } from '../../../worker-agent/src/contract/env-text.ts';
import { findProblems, type PlanProblem } from './find-problems.ts';
import { ruleOf } from './key-rules.ts';
import { isSecret } from './mask.ts';
import { peoplesFolders } from './peoples-folders.ts';
import { type ImportChoices, type ImportFacts, redisAddress } from './redis-address.ts';
import { removeKey, setValue } from './write-value.ts';

export const NO_CHOICES: ImportChoices = { accepted: [], values: {} };

export type EntryGroup = 'copied' | 'rewritten' | 'left-out' | 'kept-away';

/** One key of the VPS's file, or one that the import adds. */
export interface PlanEntry {
  key: string;
  group: EntryGroup;
  /** In the VPS's file; null when it is not there. */
  from: string | null;
  /** On the GPU host; null when it does not go there. */
  to: string | null;
  secret: boolean;
  /** Half a sentence. */
  why: string;
}

export interface PlanChange {
  key: string;
  kind: 'added' | 'changed' | 'removed' | 'same';
  before: string | null;
  after: string | null;
  secret: boolean;
}

export interface ImportPlan {
  entries: PlanEntry[];
  problems: PlanProblem[];
  /** Against the file on the GPU host; all of them added when there is none. */
  changes: PlanChange[];
  /** What is to be written. */
  result: EnvFile;
  /** How the GPU host reaches Redis; null while the address is not known. */
  redis: { host: string; port: number; password: string; tls: boolean } | null;
  /** No blocking problem is open. */
  ready: boolean;
}

const HEADER =
  '# Written by Workshop Console from the .env of the VPS, adapted for this GPU host.\n' +
  '# Provider keys, dashboards’ passwords and the VPS’s own settings are left out on purpose.\n';

/** Everything the import would do, decided from facts and choices; nothing is written. */
export function planImport(facts: ImportFacts, choices: ImportChoices = NO_CHOICES): ImportPlan {
  const source = envEntries(facts.source);
  const existing = facts.existing ? envEntries(facts.existing) : new Map<string, EnvEntry>();
  const problems = findProblems(facts, choices);
  const fixes = new Map(
    problems.flatMap(({ key, fix, accepted }) =>
      accepted && fix?.value !== undefined ? [[key, fix.value]] : [],
    ),
  );
  const entries = [...planned(source, facts, choices, fixes)];

  let result: EnvFile = facts.existing ?? { bom: false, lines: [{ kind: 'other', raw: HEADER, line: 1 }] };
  // A byte order mark would become part of the first name in a shell.
  result = { ...result, bom: false };
  for (const { key, to } of entries) if (to !== null) result = setValue(result, key, to);
  for (const { key, fix, accepted } of problems)
    if (accepted && fix?.takeOut) result = removeKey(result, key);

  const written = envEntries(result);
  const value = (key: string) => written.get(key)?.value ?? '';
  const host = entries.find(({ key }) => key === 'REDIS_HOST')?.to ?? null;
  return {
    entries,
    problems,
    result,
    changes: changesOf(existing, written),
    redis:
      host === null
        ? null
        : {
            host,
            port: Number(value('REDIS_PORT')) || 6379,
            password: value('REDIS_PASSWORD'),
            tls: /^(true|1|yes|on)$/i.test(value('REDIS_TLS')),
          },
    ready: problems.every(({ blocking, accepted }) => !blocking || accepted),
  };
}

function* planned(
  source: ReadonlyMap<string, EnvEntry>,
  facts: ImportFacts,
  choices: ImportChoices,
  fixes: ReadonlyMap<string, string>,
): Generator<PlanEntry> {
  const chosen = (key: string) => choices.values[key] ?? fixes.get(key);
  const address = redisAddress(facts, choices);
  for (const key of ['REDIS_HOST', 'INFERENCE_SERVER_REDIS_HOST']) {
    const from = source.get(key)?.value ?? null;
    const to = address?.host ?? null;
    const why = address?.why ?? 'the address of Redis as the GPU host sees it is not known yet';
    yield { key, group: from === to ? 'copied' : 'rewritten', from, to, secret: false, why };
  }
  const oldPort = source.get('REDIS_PORT')?.value ?? null;
  const port =
    chosen('REDIS_PORT') ??
    chosen('APP_SERVER_REDIS_PORT') ??
    oldPort ??
    source.get('APP_SERVER_REDIS_PORT')?.value;
  yield {
    key: 'REDIS_PORT',
    group: port === oldPort ? 'copied' : 'rewritten',
    from: oldPort,
    to: port ?? '6379',
    secret: false,
    why:
      port === undefined
        ? 'the usual port, since the file names none'
        : oldPort === null
          ? 'named APP_SERVER_REDIS_PORT on the VPS'
          : 'the port that Redis is published on',
  };
  if (!source.has('REDIS_PASSWORD'))
    yield {
      ...{ key: 'REDIS_PASSWORD', group: 'rewritten', from: null, to: chosen('REDIS_PASSWORD') ?? null },
      ...{ secret: true, why: 'the file of the VPS holds none' },
    };
  for (const { key, named, fact, why } of peoplesFolders(facts))
    if (fact.kind === 'known')
      yield {
        ...{ key, group: 'rewritten', from: source.get(named)?.value ?? null, to: fact.path },
        ...{ secret: false, why },
      };
  for (const { key, value } of source.values()) {
    if (DONE.has(key)) continue;
    const secret = isSecret(key, value);
    const { destination, why } = ruleOf(key, secret);
    if (destination !== 'gpu')
      yield {
        key,
        group: destination === 'never' ? 'kept-away' : 'left-out',
        from: value,
        to: null,
        secret,
        why,
      };
    else {
      const to = chosen(key) ?? value;
      const reason = to === value ? why : 'corrected here, as you chose';
      yield { key, group: to === value ? 'copied' : 'rewritten', from: value, to, secret, why: reason };
    }
  }
}

const DONE = new Set([
  ...['REDIS_HOST', 'INFERENCE_SERVER_REDIS_HOST', 'REDIS_PORT', 'APP_SERVER_REDIS_PORT'],
  ...['VPS_OUTPUTS_PATH', 'VPS_INPUTS_PATH'],
]);

function changesOf(
  before: ReadonlyMap<string, EnvEntry>,
  after: ReadonlyMap<string, EnvEntry>,
): PlanChange[] {
  return [...new Set([...after.keys(), ...before.keys()])].map((key) => {
    const old = before.get(key)?.value ?? null;
    const now = after.get(key)?.value ?? null;
    const kind = old === null ? 'added' : now === null ? 'removed' : old === now ? 'same' : 'changed';
    const secret = isSecret(key, old ?? '') || isSecret(key, now ?? '');
    return { key, kind, before: old, after: now, secret };
  });
}
