import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { DemoService, DemoView } from '../api/roles/workshops.ts';
import type { WorkshopSettings } from './settings.ts';

/** A demo workshop that runs on this computer. */
export interface DemoProcess {
  /** Of its private Redis, on 127.0.0.1. */
  port: number;
  password: string;
  /** Ends all of it and leaves nothing behind. Idempotent. */
  stop(): Promise<void>;
}

export interface DemoSource {
  /** What it lacks to run here; null for nothing. */
  missing(): 'sources' | 'redis-server' | null;
  /** @param ended called when it has ended, also by itself. @throws WorkshopError. */
  start(ended: () => void): Promise<DemoProcess>;
}

export interface DemoNeeds {
  source: DemoSource | undefined;
  /** The link that is open now; undefined for none. */
  opened(): WorkshopSettings | undefined;
  /** Turns to a link, or to none; keeps nothing. */
  use(settings: WorkshopSettings | null): void;
}

export interface DemoKeeper extends DemoService {
  /** The console is turned to the demo: what it knows of saved workshops is not to be acted on. */
  isOpen(): boolean;
  /** The console has turned to something else. */
  turned(to: WorkshopSettings | undefined): void;
  close(): Promise<void>;
}

export const DEMO_NAME = 'Demo workshop';

/** The door to look around without any risk: a workshop of its own, left for where the person was before. */
export function createDemo({ source, opened, use }: DemoNeeds): DemoKeeper {
  let process_: DemoProcess | undefined;
  let starting = false;
  let before: WorkshopSettings | undefined;
  let isOpen = false;

  const view = (): DemoView => {
    if (isOpen) return { state: 'open' };
    if (starting) return { state: 'starting' };
    const missing = source ? source.missing() : 'sources';
    return { state: missing === null ? 'ready' : missing === 'sources' ? 'absent' : 'no-redis' };
  };
  const end = async () => {
    const ending = process_;
    process_ = undefined;
    isOpen = false;
    await ending?.stop();
  };
  const leave = async () => {
    if (!isOpen) return;
    isOpen = false;
    // Turned first: a link that loses its Redis would be told as a fault.
    use(before ?? null);
    await end();
  };
  return {
    view: async () => view(),
    async start() {
      if (isOpen || starting) return;
      if (!source || view().state !== 'ready')
        throw new WorkshopError('WRONG_STATE', 'The demo cannot run on this computer.', {
          remedy: 'It needs the project’s sources and redis-server.',
        });
      starting = true;
      try {
        // One that ends by itself leaves the person where they were.
        const begun = await source.start(() => {
          if (process_ === begun) void leave();
        });
        process_ = begun;
        before = opened();
        isOpen = true;
        const { port, password } = begun;
        use({ name: DEMO_NAME, host: '127.0.0.1', port, tls: false, password });
      } finally {
        starting = false;
      }
    },
    leave,
    isOpen: () => isOpen,
    turned(to) {
      if (isOpen && to?.port !== process_?.port) void end();
    },
    close: end,
  };
}
