import type { Duplex } from 'node:stream';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { MachinesService } from '../api/roles/machines.ts';
import type { RemoteHost } from '../connections/hosts/remote-host.ts';
import type { HostAnswer, HostLinkState, HostQuestion, HostTarget } from '../domain/hosts/host-link.ts';
import {
  addressOf,
  isLinkNews,
  localHostsIn,
  type MachineEntry,
  type MachineView,
  machinesIn,
} from '../domain/hosts/machine-view.ts';
import type { WorkshopProfile } from '../domain/workshops/profile.ts';

/** What this service needs of a link to a machine. */
export interface MachineLink {
  readonly host: RemoteHost;
  readonly state: HostLinkState;
  onChange(listener: (state: HostLinkState) => void): () => void;
  forward(host: string, port: number): Promise<Duplex>;
  connect(): void;
  disconnect(): void;
  answer(questionId: string, answer: HostAnswer): Promise<void>;
  forgetHostKey(machine: string): Promise<void>;
  close(): void;
}

/** Where answers are kept between two starts; `available` is false where the system has no keychain. */
interface MachineSecretStore {
  readonly available: boolean;
  get(key: string): Promise<string | undefined>;
  set(key: string, secret: string): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface MachinesNeeds {
  open(target: HostTarget): MachineLink;
  /** The computer that the console runs on, which may be a GPU host, too. */
  local: RemoteHost;
  secrets: MachineSecretStore;
  publish(machines: MachineView[]): void;
  /** A link stands from now on; what goes through it can come back. */
  opened?(id: string): void;
}

export interface Machines extends MachinesService {
  /** Links the machines of this profile and drops the links of all others; a login that did not change keeps its link. */
  follow(profile: WorkshopProfile | null): void;
  /**
   * A machine that commands can be run on now. Waits while it is being connected and while a question is open.
   * @throws WorkshopError NOT_FOUND for one that is not set up, HOST_LINK_LOST and others with the reason and the remedy.
   */
  host(id: string): Promise<RemoteHost>;
  /** A stream to an address as that machine sees it. @throws WorkshopError. */
  forward(id: string, host: string, port: number): Promise<Duplex>;
  /** Idempotent. */
  close(): void;
}

/** How long a person may take to answer what a machine asks, ms. */
const ANSWER_MS = 180_000;

interface Held {
  entry: MachineEntry;
  link: MachineLink;
  shown: HostLinkState;
  /** Kept once it has let us in. */
  toKeep?: { key: string; secret: string } | undefined;
}

/** Keeps a link to every machine of the workshop that is watched, and passes its questions on to the person. */
export function createMachinesService({ open, local, secrets, publish, opened }: MachinesNeeds): Machines {
  const held = new Map<string, Held>();
  let here: MachineView[] = [];
  const view = (): MachineView[] => [
    ...[...held.values()].map(({ entry, shown }) => ({
      id: entry.target.id,
      role: entry.role,
      name: entry.target.name,
      address: addressOf(entry.target),
      link: shown,
    })),
    ...here,
  ];
  const tell = () => publish(view());

  const show = (one: Held, state: HostLinkState) => {
    if (!isLinkNews(one.shown, state)) return;
    one.shown = state;
    tell();
  };
  const changed = async (one: Held, state: HostLinkState): Promise<void> => {
    if (state.kind === 'ready' && one.toKeep) {
      const { key, secret } = one.toKeep;
      one.toKeep = undefined;
      await secrets.set(key, secret).catch(() => {});
    }
    const asked = state.kind === 'asking' ? state.question : undefined;
    const key = asked && keyOf(asked);
    if (asked && key !== undefined && 'again' in asked) {
      if (asked.again) await secrets.remove(key).catch(() => {});
      else {
        const kept = await secrets.get(key).catch(() => undefined);
        if (kept !== undefined) return one.link.answer(asked.id, [kept]);
      }
    }
    const before = one.shown.kind;
    show(one, one.link.state);
    if (one.shown.kind === 'ready' && before !== 'ready' && before !== 'degraded')
      opened?.(one.entry.target.id);
  };

  const take = (entry: MachineEntry) => {
    const link = open(entry.target);
    const one: Held = { entry, link, shown: link.state };
    link.onChange((state) => void changed(one, state));
    held.set(entry.target.id, one);
  };
  const find = (id: string): Held => {
    const one = held.get(id);
    if (one) return one;
    throw new WorkshopError('NOT_FOUND', 'No login to this machine is set up.', {
      remedy: 'Enter it in Setup first.',
    });
  };
  const ready = (one: Held) =>
    new Promise<MachineLink>((resolve, reject) => {
      const { link, entry } = one;
      const look = () => {
        const { state } = link;
        if (state.kind === 'ready' || state.kind === 'degraded') finish(() => resolve(link));
        if (state.kind === 'lost' || state.kind === 'refused')
          finish(() => reject(new WorkshopError('HOST_LINK_LOST', state.why, { remedy: state.remedy })));
      };
      const late = setTimeout(
        () =>
          finish(() =>
            reject(
              new WorkshopError('HOST_LINK_LOST', `The link to ${entry.target.name} is not open.`, {
                remedy: 'Answer its question, or connect it, then try again.',
              }),
            ),
          ),
        ANSWER_MS,
      );
      const off = link.onChange(look);
      const finish = (settle: () => void) => {
        clearTimeout(late);
        off();
        settle();
      };
      if (link.state.kind === 'idle') link.connect();
      look();
    });

  return {
    follow(profile) {
      const wanted = machinesIn(profile);
      for (const [id, one] of held) {
        const same = wanted.find(({ target }) => target.id === id);
        if (same && JSON.stringify(same) === JSON.stringify(one.entry)) continue;
        one.link.close();
        held.delete(id);
      }
      for (const entry of wanted) if (!held.has(entry.target.id)) take(entry);
      here = localHostsIn(profile).map(viewHere);
      tell();
    },
    host: async (id) => (here.some((one) => one.id === id) ? local : (await ready(find(id))).host),
    forward: async (id, host, port) => find(id).link.forward(host, port),
    async connect({ id }) {
      find(id).link.connect();
    },
    async disconnect({ id }) {
      find(id).link.disconnect();
    },
    async forgetHostKey({ id, machine }) {
      await find(id).link.forgetHostKey(machine);
    },
    async answer({ id, questionId, answer, keep }) {
      const one = find(id);
      const { state } = one.link;
      if (state.kind !== 'asking' || state.question.id !== questionId)
        throw new WorkshopError('CONFLICT', 'This question was answered already, or it has lapsed.', {
          remedy: 'Look at the link again.',
        });
      const key = keyOf(state.question);
      const secret = answer?.[0];
      one.toKeep =
        keep && secrets.available && key !== undefined && secret !== undefined ? { key, secret } : undefined;
      await one.link.answer(questionId, answer);
    },
    async keeping() {
      return { keychain: secrets.available };
    },
    close() {
      for (const { link } of held.values()) link.close();
      held.clear();
      here = [];
    },
  };
}

/** It is always reached. */
function viewHere({ id, name }: { id: string; name: string }): MachineView {
  const link = { kind: 'ready', since: 0, rttMs: 0 } as const;
  return { id, name, role: 'gpu-host', address: 'this computer', local: true, link };
}

/** Under which name the answer to a question is kept; undefined for what is never kept. */
function keyOf(question: HostQuestion): string | undefined {
  if (question.kind === 'password') return `password ${question.machine}`;
  return question.kind === 'passphrase' ? `passphrase ${question.keyFile}` : undefined;
}
