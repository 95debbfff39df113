import { z } from 'zod';
import type { LogSource } from './log-line.ts';

/** A source with the way to its lines. `path` and `container` come from the machine and never leave main. */
export type FoundSource = LogSource &
  (
    | { from: 'journal'; unit: string; user: boolean }
    | { from: 'file'; path: string }
    /** `socket`: of the Docker that runs it, where it is not the machine's usual one. */
    | { from: 'container'; container: string; socket: string | null }
  );

export interface FoundLogs {
  sources: FoundSource[];
  /** Configuration files of agents there: what is secret in them must not be shown. */
  envFiles: string[];
}

const UNIT = 'worker-agent.service';
/** Sources that are listed at most; a machine has a few. */
const MOST = 100;
const name = z.string().regex(/^[a-zA-Z0-9_.-]{1,64}$/);
const path = z.string().startsWith('/').max(4000);
const container = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,200}$/);
const entrySchema = z.union([
  z.tuple([z.literal('journal'), z.enum(['system', 'user'])]),
  z.tuple([z.literal('agent-file'), path]),
  z.tuple([z.literal('worker-file'), name, path]),
  z.tuple([z.literal('container'), name, container]),
  z.tuple([z.literal('container'), name, container, z.string().regex(/^unix:\/\/\/[^\s]{1,200}$/)]),
  z.tuple([z.literal('env'), path]),
]);

/**
 * Reads what services/logs/look-script.ts prints: a fact a line, its parts set apart by tabs. Lines that are none are
 * left out; a worker that has a container and a file is listed once, by its container.
 */
export function findSources(printed: string): FoundLogs {
  const sources = new Map<string, FoundSource>();
  const envFiles = new Set<string>();
  const facts = printed.split('\n').flatMap((line) => {
    const parsed = entrySchema.safeParse(line.split('\t'));
    return parsed.success ? [parsed.data] : [];
  });
  const add = (source: FoundSource) => {
    if (sources.size < MOST && !sources.has(source.id)) sources.set(source.id, source);
  };
  for (const fact of facts)
    if (fact[0] === 'container')
      add({
        ...{ id: fact[1], kind: 'worker', where: `container ${fact[2]}` },
        ...{ from: 'container', container: fact[2], socket: fact[3] ?? null },
      });
  let agents = 0;
  for (const fact of facts) {
    if (fact[0] === 'env') envFiles.add(fact[1]);
    if (fact[0] === 'worker-file')
      add({ id: fact[1], kind: 'worker', where: `file ${fact[2]}`, from: 'file', path: fact[2] });
    const agent = () => (++agents === 1 ? 'agent' : `agent-${agents}`);
    if (fact[0] === 'journal') {
      const user = fact[1] === 'user';
      const where = `${user ? 'your journal' : 'journal'} of ${UNIT}`;
      add({ id: agent(), kind: 'agent', where, from: 'journal', unit: UNIT, user });
    }
    const known = [...sources.values()].some((one) => one.from === 'file' && one.path === fact[1]);
    if (fact[0] === 'agent-file' && !known)
      add({ id: agent(), kind: 'agent', where: `file ${fact[1]}`, from: 'file', path: fact[1] });
  }
  return { sources: [...sources.values()].sort(byKindAndName), envFiles: [...envFiles] };
}

const order = new Intl.Collator('en', { numeric: true });

function byKindAndName(a: LogSource, b: LogSource): number {
  if (a.kind !== b.kind) return a.kind === 'agent' ? -1 : 1;
  return order.compare(a.id, b.id);
}
