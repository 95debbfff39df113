import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { ConsoleNameService } from '../api/roles.ts';
import { showableName } from '../domain/room/person-name.ts';
import type { ConsoleName } from '../domain/workshop.ts';

export interface ConsoleNameNeeds {
  /** Who uses this machine, e.g. "anna@laptop". */
  usual: string;
  /** The name that the host gave; null for none. */
  store: { load(): Promise<string | null>; save(name: string | null): Promise<void> };
  /** Tells every console window. */
  publish(name: ConsoleName): void;
}

export interface ConsoleNameKeeper extends ConsoleNameService {
  /** Takes up what was kept. */
  start(): Promise<void>;
  /** As it is now. */
  name(): string;
}

/** Keeps the name under which this console's acts are told to the others. */
export function createConsoleName({ usual: given, store, publish }: ConsoleNameNeeds): ConsoleNameKeeper {
  const usual = showableName(given) || 'a console';
  let own: string | null = null;
  const take = (name: string | null) => {
    own = name;
    publish({ name: own ?? usual, usual });
  };
  return {
    async start() {
      take(showableName((await store.load()) ?? '') || null);
    },
    async rename({ name }) {
      const clean = name === null ? null : showableName(name);
      if (clean === '')
        throw new WorkshopError('BAD_INPUT', 'Nothing of this name can be shown.', {
          remedy: 'Use letters or digits, such as the name of the person or the laptop.',
        });
      await store.save(clean);
      take(clean);
    },
    name: () => own ?? usual,
  };
}
