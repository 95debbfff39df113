import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';

/** What Linux tells about processes. Elsewhere, and where we may not look, the answer is empty: unknown. */

interface ProcessLine {
  pid: number;
  parent: number;
  group: number;
}

/** All workers ask at the same moment; what one look found serves them all, ms. */
const FRESH_MS = 500;
/** Between two pauses in which other work is done, while the open files of all processes are gone through. */
const PROCESSES_AT_ONCE = 16;

/** A process, its process group and all descendants that live now. */
export async function processFamily(root: number): Promise<number[]> {
  const all = processTable();
  const family = new Set<number>([root]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const { pid, parent, group } of all) {
      if (family.has(pid) || !(family.has(parent) || group === root)) continue;
      family.add(pid);
      grew = true;
    }
  }
  return [...family];
}

/** The processes that listen at a loopback URL's port, with their families; empty for servers elsewhere. */
export async function listenerPids(endpoint: string): Promise<number[]> {
  const { hostname, port, protocol } = new URL(endpoint);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return [];
  const inodes = listeningInodes(Number(port || (protocol === 'https:' ? 443 : 80)));
  if (inodes.size === 0) return [];
  const holders = await socketHolders();
  const owners = new Set([...inodes].flatMap((inode) => holders.get(inode) ?? []));
  const families = await Promise.all([...owners].map(processFamily));
  return [...new Set(families.flat())];
}

let table: { at: number; lines: readonly ProcessLine[] } | undefined;

function processTable(): readonly ProcessLine[] {
  if (table && performance.now() - table.at < FRESH_MS) return table.lines;
  const lines = numericEntries('/proc').flatMap((pid): ProcessLine[] => {
    const stat = readSmall(`/proc/${pid}/stat`);
    // The command name stands in parentheses and may hold spaces; fields are counted after it.
    const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const line = { pid, parent: Number(parent), group: Number(group) };
    return Number.isInteger(line.parent) ? [line] : [];
  });
  table = { at: performance.now(), lines };
  return lines;
}

/** Read into one and the same memory: hundreds of small files must not leave hundreds of buffers behind. */
const small = Buffer.allocUnsafe(4096);

/** The first 4 KiB of a file; empty when it cannot be read. */
function readSmall(path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return small.toString('utf8', 0, readSync(file, small, 0, small.length, null));
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function listeningInodes(port: number): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readWhole(path).split('\n').slice(1)) {
      const cells = line.trim().split(/\s+/);
      // 0A is LISTEN.
      if (cells[3] === '0A' && cells[1]?.endsWith(`:${wanted}`) && cells[9]) inodes.add(cells[9]);
    }
  }
  return inodes;
}

function readWhole(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

let holders: { at: number; found: Promise<ReadonlyMap<string, number[]>> } | undefined;

/** Which processes hold which socket, by the socket's inode. */
function socketHolders(): Promise<ReadonlyMap<string, number[]>> {
  if (!holders || performance.now() - holders.at >= FRESH_MS)
    holders = { at: performance.now(), found: findSocketHolders() };
  return holders.found;
}

async function findSocketHolders(): Promise<ReadonlyMap<string, number[]>> {
  const found = new Map<string, number[]>();
  for (const [at, pid] of numericEntries('/proc').entries()) {
    if (at % PROCESSES_AT_ONCE === 0) await breathe();
    for (const inode of socketsOf(pid)) found.set(inode, [...(found.get(inode) ?? []), pid]);
  }
  return found;
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => socketInode(`/proc/${pid}/fd/${name}`) ?? []);
  } catch {
    return [];
  }
}

function socketInode(path: string): string | undefined {
  try {
    const target = readlinkSync(path);
    return target.startsWith('socket:[') ? target.slice('socket:['.length, -1) : undefined;
  } catch {
    return undefined;
  }
}

function numericEntries(folder: string): number[] {
  try {
    return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
  } catch {
    return [];
  }
}
