import { z } from 'zod';
import type { LogSource } from './log-line.ts';

/** A source with the way to its lines. `path` and `container` come from the machine and never leave main. */
export type FoundSource = LogSource & Way;

type Way =
  | { from: 'journal'; unit: string; user: boolean }
  | { from: 'file'; path: string }
  /** `socket`: of the Docker that runs it, where it is not the machine's usual one. */
  | { from: 'container'; container: string; socket: string | null };

type Unnamed = Omit<LogSource, 'id'> & Way;

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
/** As `docker ps` words it: "running", "exited", "created" … */
const containerState = z.string().regex(/^[a-z]{1,20}$/);
const containerId = z.string().regex(/^[0-9a-f]{12,64}$/);
const entrySchema = z.union([
  z.tuple([z.literal('journal'), z.enum(['system', 'user'])]),
  z.tuple([z.literal('agent-file'), path]),
  z.tuple([z.literal('worker-file'), name, path]),
  z.tuple([z.literal('container'), name, container, containerState, containerId]),
  z.tuple([
    z.literal('container'),
    name,
    container,
    containerState,
    containerId,
    z.string().regex(/^unix:\/\/\/[^\s]{1,200}$/),
  ]),
  z.tuple([z.literal('env'), path]),
]);

/**
 * Reads what services/logs/look-script.ts prints: a fact a line, its parts set apart by tabs. Lines that are none are
 * left out. A worker that writes in two places is listed with both: its plain name is the one that lives (a running
 * container, else the file), and the others follow as "worker-1-2".
 */
export function findSources(printed: string): FoundLogs {
  const sources = new Map<string, FoundSource>();
  const facts = printed.split('\n').flatMap((line) => {
    const parsed = entrySchema.safeParse(line.split('\t'));
    return parsed.success ? [parsed.data] : [];
  });
  const places = new Set<string>();
  /** The same place is listed once, whoever names it first. */
  const add = (name: string, place: string, source: Unnamed) => {
    if (places.size >= MOST || places.has(place)) return;
    places.add(place);
    let id = name;
    for (let nth = 2; sources.has(id); nth++) id = `${name}-${nth}`;
    sources.set(id, { id, ...source });
  };
  const addContainers = (running: boolean) => {
    for (const fact of facts) {
      if (fact[0] !== 'container' || (fact[3] === 'running') !== running) continue;
      const [, worker, container, , id, socket = null] = fact;
      const where = `${running ? '' : 'stopped '}container ${container}`;
      add(worker, id, { kind: 'worker', where, from: 'container', container, socket });
    }
  };
  addContainers(true);
  for (const fact of facts) {
    if (fact[0] === 'worker-file')
      add(fact[1], fact[2], { kind: 'worker', where: `file ${fact[2]}`, from: 'file', path: fact[2] });
    if (fact[0] === 'agent-file')
      add('agent', fact[1], { kind: 'agent', where: `file ${fact[1]}`, from: 'file', path: fact[1] });
    if (fact[0] === 'journal') {
      const user = fact[1] === 'user';
      const where = `${user ? 'your journal' : 'journal'} of ${UNIT}`;
      add('agent', where, { kind: 'agent', where, from: 'journal', unit: UNIT, user });
    }
  }
  addContainers(false);
  const envFiles = [...new Set(facts.flatMap((fact) => (fact[0] === 'env' ? [fact[1]] : [])))];
  return { sources: [...sources.values()].sort(byKindAndName), envFiles };
}

const order = new Intl.Collator('en', { numeric: true });

function byKindAndName(a: LogSource, b: LogSource): number {
  if (a.kind !== b.kind) return a.kind === 'agent' ? -1 : 1;
  return order.compare(a.id, b.id);
}
