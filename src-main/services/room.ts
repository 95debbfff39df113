import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { RoomDisplay, RoomService } from '../api/roles/room.ts';
import type { WatchService } from '../api/roles.ts';
import { nicknameCsv, readNicknames, userIdOf } from '../domain/room/nickname-csv.ts';
import { showableName } from '../domain/room/person-name.ts';
import {
  freshOwnRoom,
  freshRoom,
  MESSAGE_MAX,
  type OwnRoom,
  type RoomContent,
  type RoomState,
} from '../domain/room/room-state.ts';
import { type RoomView, roomViewOf } from '../domain/room/room-view.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';
import type { WorkshopKey } from '../domain/workshops/workshop-key.ts';
import type { SharedDocument } from './shared-document.ts';

/** Shortest time between two pictures, ms: a projector needs no more. */
const PACE_MS = 300;

export interface RoomNeeds {
  /** What the hosts set together. */
  shared: SharedDocument<RoomContent>;
  /** What this console does with its own projector. */
  own: {
    load(workshop: WorkshopKey): Promise<OwnRoom | undefined>;
    save(workshop: WorkshopKey, value: OwnRoom): Promise<void>;
  };
  display: { load(): Promise<RoomDisplay | null>; save(display: RoomDisplay): Promise<void> };
  watch: WatchService;
  now(): Readonly<WorkshopSnapshot>;
  /** What the workshop calls its people; the plain word where it is absent. */
  people?(): string;
  /** Tells every console window what is set now. */
  publish(state: RoomState | null): void;
  /** Adds a sentence to the story of the workshop. */
  note(message: string): Promise<void>;
}

export interface RoomKeeper extends RoomService {
  /** Takes up which display was last used. */
  start(): Promise<void>;
  /** Another workshop is current; null for none. What was set for the one before is kept for its return. */
  turnTo(workshop: WorkshopKey | null): void;
  /** What the hosts set together is something else now. */
  sharedChanged(): void;
}

/** Keeps what the host set for the room, and draws the room's picture from the live workshop. */
export function createRoomService(needs: RoomNeeds): RoomKeeper {
  const { shared, watch, now, publish } = needs;
  let workshop: WorkshopKey | null = null;
  /** null while what was kept is on its way from the disk. */
  let own: OwnRoom | null = null;
  let loading: Promise<void> = Promise.resolve();
  let display: RoomDisplay | null = null;
  /** The picture that is held while the room is frozen. */
  let held: RoomView | undefined;

  const state = (): RoomState | null => {
    const content = shared.content();
    return content && own && { ...content, ...own, shared: shared.mark() };
  };
  const tell = () => publish(state());

  const set = async (change: Partial<OwnRoom>, told?: string) => {
    await loading;
    if (now().name === null || workshop === null || own === null)
      throw new WorkshopError('WRONG_STATE', 'No workshop is set up yet.', {
        remedy: 'Enter the Redis address of the workshop first.',
      });
    // On the screen first: what the room sees must not wait for a disk.
    own = { ...own, ...change };
    tell();
    await needs.own.save(workshop, own);
    // It is done; a lost note changes nothing.
    if (told !== undefined) void needs.note(told).catch(() => {});
  };
  const share = (told: string, change: Partial<RoomContent>) =>
    shared.change(told, (content) => ({ ...content, ...change }));

  /** null while it is not known whether the room may see anything. */
  const picture = (): RoomView | null => {
    const set_ = workshop === null ? freshRoom() : state();
    if (set_ === null) return null;
    const fresh = roomViewOf(now(), set_, Date.now(), needs.people?.());
    if (!set_.frozen) {
      held = undefined;
      return fresh;
    }
    // Started frozen, there is nothing to hold until something is known.
    if (!held && fresh.knownAt === null) return fresh;
    held ??= { ...fresh, frozenAt: Date.now() };
    const { blank, light, message, breakUntil, url, join } = fresh;
    return { ...held, blank, light, message, breakUntil, url, join };
  };

  async function* view(signal: AbortSignal, backlogBytes?: () => number): AsyncGenerator<RoomView> {
    let sent = '';
    for await (const _news of watch.watch(signal, backlogBytes)) {
      const next = picture();
      if (next === null) continue;
      const text = JSON.stringify(next);
      if (text === sent) continue;
      sent = text;
      yield next;
      await pause(PACE_MS, signal);
    }
  }

  return {
    async start() {
      display = await needs.display.load();
    },
    turnTo(next) {
      held = undefined;
      workshop = next;
      own = null;
      tell();
      if (next === null) {
        loading = Promise.resolve();
        void shared.turnTo(null);
        return;
      }
      const both = Promise.all([needs.own.load(next).catch(() => undefined), shared.turnTo(next)]);
      loading = both.then(([kept]) => {
        if (workshop !== next) return;
        own = kept ?? freshOwnRoom();
        tell();
        // Its address may be another one now, and is what it is found by without a profile.
        if (kept) needs.own.save(next, kept).catch(() => {});
      });
    },
    sharedChanged: tell,
    view,
    setMessage({ message }) {
      const text = showableMessage(message);
      return share(
        text === '' ? 'Took the message for the room away.' : `Set the message for the room: “${text}”.`,
        { message: text },
      );
    },
    setBreak({ until }) {
      const minutes = until === null ? 0 : Math.max(1, Math.round((until - Date.now()) / 60_000));
      return share(
        minutes === 0 ? 'Ended the break in the room.' : `Told the room of a break of ${minutes} min.`,
        { breakUntil: until },
      );
    },
    async setFrozen({ frozen }) {
      await loading;
      const before = state();
      if (frozen && before && !before.frozen) {
        const shown = roomViewOf(now(), before, Date.now());
        held = shown.knownAt === null ? undefined : { ...shown, frozenAt: Date.now() };
      }
      await set(
        { frozen, frozenAt: frozen ? (before?.frozenAt ?? Date.now()) : null },
        frozen ? 'Froze the room view.' : 'Let the room view go live again.',
      );
    },
    setBlank: ({ blank }) => set({ blank }, blank ? 'Blanked the room view.' : 'Showed the room view again.'),
    // It is about this projector's light, and nobody else's concern.
    setLight: ({ light }) => set({ light }),
    setUrl: ({ url }) =>
      share(
        url === null ? 'Took the address for the room away.' : `Set the address for the room: ${url}.`,
        url === null ? { url, join: false } : { url },
      ),
    async setJoin({ join }) {
      await loading;
      if (join && shared.content()?.url === null)
        throw new WorkshopError('WRONG_STATE', 'There is no address to show yet.', {
          remedy: `Enter the address where ${needs.people?.() ?? 'people'} join first.`,
        });
      await share(join ? 'Filled the screen with the address.' : 'Took the address off the whole screen.', {
        join,
      });
    },
    async setNickname({ userId, nickname }) {
      const name = showableName(nickname);
      const id = name === '' ? userId : known(userId);
      return shared.change(
        name === '' ? `Took the nickname of ${id} away.` : `Called ${id} ${name}.`,
        (content) => {
          const { [id]: _before, ...others } = content.nicknames;
          return { ...content, nicknames: name === '' ? others : { ...others, [id]: name } };
        },
      );
    },
    async setNicknames({ csv, replace }) {
      const { names, problems } = readNicknames(csv);
      if (names.length === 0)
        throw new WorkshopError('BAD_INPUT', problems[0] ?? 'The list holds no nickname.', {
          remedy: 'It has two columns, user and nickname, with a comma, semicolon or tab between them.',
        });
      const many = names.length === 1 ? 'a nickname' : `${names.length} nicknames`;
      await shared.change(replace ? `Set ${many} in place of all others.` : `Set ${many}.`, (content) => ({
        ...content,
        nicknames: { ...(replace ? {} : content.nicknames), ...Object.fromEntries(names) },
      }));
      return { set: names.length, problems };
    },
    async nicknameTable() {
      return { fileName: 'nicknames.csv', text: nicknameCsv(shared.content()?.nicknames ?? {}) };
    },
    applyAgain: () => shared.applyAgain(),
    display: () => display,
    rememberDisplay(next) {
      display = next;
      needs.display.save(next).catch(() => {});
    },
  };
}

function known(userId: string): string {
  const id = userIdOf(userId);
  if (id !== undefined) return id;
  throw new WorkshopError('BAD_INPUT', 'This user cannot have a nickname: the id holds unusual characters.');
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
