import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { RoomDisplay, RoomService, WatchService } from '../api/roles.ts';
import { readNicknames, userIdOf } from '../domain/room/nickname-csv.ts';
import { showableName } from '../domain/room/person-name.ts';
import { freshRoom, MESSAGE_MAX, NICKNAMES_MAX, type RoomState } from '../domain/room/room-state.ts';
import { type RoomView, roomViewOf } from '../domain/room/room-view.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';

/** Shortest time between two pictures, ms: a projector needs no more. */
const PACE_MS = 300;

interface Kept {
  workshop: string | null;
  state: RoomState;
  display: RoomDisplay | null;
}

export interface RoomNeeds {
  store: { load(): Promise<Kept | null>; save(kept: Kept): Promise<void> };
  watch: WatchService;
  now(): Readonly<WorkshopSnapshot>;
  /** Tells every console window what is set now. */
  publish(state: RoomState | null): void;
}

export interface RoomKeeper extends RoomService {
  /** Takes up what was kept. Call it before the first workshop is opened. */
  start(): Promise<void>;
  /** Another workshop is current, by its Redis address; names and messages of the one before go. */
  turnTo(workshop: string | null): void;
}

/** Keeps what the host set for the room, and draws the room's picture from the live workshop. */
export function createRoomService({ store, watch, now, publish }: RoomNeeds): RoomKeeper {
  let kept: Kept = { workshop: null, state: freshRoom(), display: null };
  /** The picture that is held while the room is frozen. */
  let held: RoomView | undefined;
  let writing: Promise<void> = Promise.resolve();

  /** One write after the other, so that the last one stands. */
  const save = (content: Kept): Promise<void> => {
    const written = writing.then(() => store.save(content));
    writing = written.catch(() => {});
    return written;
  };

  const set = async (change: Partial<RoomState>) => {
    if (now().name === null)
      throw new WorkshopError('WRONG_STATE', 'No workshop is set up yet.', {
        remedy: 'Enter the Redis address of the workshop first.',
      });
    // On the screen first: what the room sees must not wait for a disk.
    kept = { ...kept, state: { ...kept.state, ...change } };
    publish(kept.state);
    await save(kept);
  };

  const picture = (): RoomView => {
    const { state } = kept;
    const fresh = roomViewOf(now(), state, Date.now());
    if (!state.frozen) {
      held = undefined;
      return fresh;
    }
    // Started frozen, there is nothing to hold until something is known.
    if (!held && fresh.knownAt === null) return fresh;
    held ??= { ...fresh, frozenAt: Date.now() };
    const { blank, message, breakUntil, url, join } = fresh;
    return { ...held, blank, message, breakUntil, url, join };
  };

  async function* view(signal: AbortSignal, backlogBytes?: () => number): AsyncGenerator<RoomView> {
    let sent = '';
    for await (const _news of watch.watch(signal, backlogBytes)) {
      const next = picture();
      const text = JSON.stringify(next);
      if (text === sent) continue;
      sent = text;
      yield next;
      await pause(PACE_MS, signal);
    }
  }

  return {
    async start() {
      kept = (await store.load()) ?? kept;
    },
    turnTo(workshop) {
      if (workshop !== kept.workshop) {
        held = undefined;
        kept = { ...kept, workshop, state: freshRoom() };
        // A fresh state that cannot be written is no loss: the next setting says so.
        save(kept).catch(() => {});
      }
      publish(workshop === null ? null : kept.state);
    },
    view,
    setMessage: ({ message }) => set({ message: showableMessage(message) }),
    setBreak: ({ until }) => set({ breakUntil: until }),
    async setFrozen({ frozen }) {
      if (frozen && !kept.state.frozen) {
        const shown = roomViewOf(now(), kept.state, Date.now());
        held = shown.knownAt === null ? undefined : { ...shown, frozenAt: Date.now() };
      }
      await set({ frozen });
    },
    setBlank: ({ blank }) => set({ blank }),
    setUrl: ({ url }) => set(url === null ? { url, join: false } : { url }),
    async setJoin({ join }) {
      if (join && kept.state.url === null)
        throw new WorkshopError('WRONG_STATE', 'There is no address to show yet.', {
          remedy: 'Enter the address where people join first.',
        });
      await set({ join });
    },
    async setNickname({ userId, nickname }) {
      const name = showableName(nickname);
      const { [userId]: _before, ...others } = kept.state.nicknames;
      await set({ nicknames: bounded(name === '' ? others : { ...others, [known(userId)]: name }) });
    },
    async setNicknames({ csv, replace }) {
      const { names, problems } = readNicknames(csv);
      if (names.length === 0)
        throw new WorkshopError('BAD_INPUT', problems[0] ?? 'The list holds no nickname.', {
          remedy: 'It has two columns, user and nickname, with a comma, semicolon or tab between them.',
        });
      const before = replace ? {} : kept.state.nicknames;
      await set({ nicknames: bounded({ ...before, ...Object.fromEntries(names) }) });
      return { set: names.length, problems };
    },
    display: () => kept.display,
    rememberDisplay(display) {
      kept = { ...kept, display };
      save(kept).catch(() => {});
    },
  };
}

function known(userId: string): string {
  const id = userIdOf(userId);
  if (id !== undefined) return id;
  throw new WorkshopError('BAD_INPUT', 'This user cannot have a nickname: the id holds unusual characters.');
}

function bounded(nicknames: Record<string, string>): Record<string, string> {
  if (Object.keys(nicknames).length <= NICKNAMES_MAX) return nicknames;
  throw new WorkshopError('BAD_INPUT', `At most ${NICKNAMES_MAX} nicknames are kept.`, {
    remedy: 'Import the list with "replace" to drop those of other workshops.',
  });
}

/** One line without control characters. */
function showableMessage(text: string): string {
  return text
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim()
    .slice(0, MESSAGE_MAX);
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, ms);
    stop.addEventListener('abort', end);
    if (stop.aborted) end();
  });
}
