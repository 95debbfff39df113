import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { RedisSettings, SettingsService } from '../api/roles/workshops.ts';
import type { CurrentWorkshop } from './roles.ts';

/** A workshop whose link is open (or trying to be). */
export interface OpenWorkshop extends CurrentWorkshop {
  /** Resolves when Redis has answered for the first time. @throws WorkshopError with the reason and the remedy. */
  answered(): Promise<void>;
  reconnectNow(): void;
  /** Proves the link at once, and dials one that is lost without a pause. */
  wake(): void;
  close(): void;
}

export type WorkshopSettings = RedisSettings & { name: string };

/** Keeps what the person entered. The password is sealed by the shell or not kept at all. */
export interface SettingsStore {
  /** What was kept, or null before the first run. `notice` says when kept settings could not be read. */
  load(): Promise<{ settings: WorkshopSettings | null; notice: string | null }>;
  /** @param keep false: its password is known to this process only, whatever place there is for it. Default true. */
  save(settings: WorkshopSettings, keep?: boolean): Promise<void>;
  forget(): Promise<void>;
}

export interface SettingsNeeds {
  store: SettingsStore;
  open(settings: WorkshopSettings): OpenWorkshop;
  /** Called with the workshop that is current from now on. */
  onChange(workshop: OpenWorkshop | undefined, by: WorkshopSettings | undefined): void;
  /** Given from outside, these are used at the start and never stored. */
  preset?: WorkshopSettings | undefined;
  /** Whether what was turned to last may be kept; a demo may not. Default: it may. */
  mayKeep?(): boolean;
}

export interface SettingsKeeper extends SettingsService {
  /** Opens what was set up before, if anything. @returns a sentence about settings that could not be read. */
  start(): Promise<string | null>;
  current(): OpenWorkshop | undefined;
  /** Turns to a link that need not answer yet, or to none; keeps nothing. */
  use(settings: WorkshopSettings | null): void;
  /** This computer woke up, or its network changed. */
  wake(): void;
  /** What the current link was opened with, for machines that need the same. Holds the password. */
  opened(): WorkshopSettings | undefined;
  close(): void;
}

/** First run, and which workshop is current. */
export function createSettingsService(needs: SettingsNeeds): SettingsKeeper {
  const { store, open, onChange, preset, mayKeep = () => true } = needs;
  let current: OpenWorkshop | undefined;
  let opened: WorkshopSettings | undefined;
  /** The preset, also with another password: it is never stored. */
  const outside = new WeakSet<WorkshopSettings>(preset ? [preset] : []);

  const turnTo = (next: OpenWorkshop | undefined, by?: WorkshopSettings) => {
    const before = current;
    current = next;
    opened = by;
    onChange(next, by);
    before?.close();
  };

  return {
    async start() {
      if (preset) {
        turnTo(open(preset), preset);
        return null;
      }
      const { settings, notice } = await store.load();
      if (settings) turnTo(open(settings), settings);
      return notice;
    },
    async connect(settings) {
      const next = open(settings);
      try {
        // Proven before it replaces what works now.
        await next.answered();
        await store.save(settings);
      } catch (cause) {
        next.close();
        throw cause;
      }
      turnTo(next, settings);
    },
    async enterPassword({ password, keep }) {
      const before = opened;
      if (!before)
        throw new WorkshopError('WRONG_STATE', 'No workshop is watched, so there is no Redis to try it at.', {
          remedy: 'Set a workshop up first.',
        });
      const settings = { ...before, password };
      const next = open(settings);
      try {
        await next.answered();
        if (opened !== before)
          throw new WorkshopError('CONFLICT', 'This console was turned to another workshop meanwhile.', {
            remedy: 'Enter the password again if that one asks for it.',
          });
        if (!outside.has(before) && mayKeep()) await store.save(settings, keep);
      } catch (cause) {
        next.close();
        throw cause;
      }
      if (outside.has(before)) outside.add(settings);
      turnTo(next, settings);
    },
    async disconnect() {
      await store.forget();
      turnTo(undefined);
    },
    async reconnectNow() {
      current?.reconnectNow();
    },
    wake: () => current?.wake(),
    current: () => current,
    use: (settings) => (settings ? turnTo(open(settings), settings) : turnTo(undefined)),
    opened: () => opened,
    close() {
      current?.close();
      current = undefined;
    },
  };
}
