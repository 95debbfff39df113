import { useEffect } from 'react';
import { sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';
import { liveStore } from './store.ts';

type Document = 'room' | 'capacity';

const TITLES: Record<Document, string> = {
  room: 'What you set for the room while Redis was away does not hold',
  capacity: 'What you planned while Redis was away does not hold',
};

/**
 * Tells the host when something that was set while Redis was away stands against what another host did meanwhile.
 * Stands once, in the shell.
 */
export function useRefusedChanges(): void {
  const again = useVerb<Document, void>({
    run: (client, document) =>
      document === 'room' ? client.room.applyAgain.mutate() : client.capacity.applyAgain.mutate(),
    failed: (error, retry, document) => sayFailed(TITLES[document], error, retry),
  });
  const { mutate } = again;
  useEffect(() => {
    const told = new Map<Document, number>();
    const look = () => {
      for (const document of ['room', 'capacity'] as const) {
        const refused = liveStore.getState()[document]?.shared.refused;
        if (!refused || told.get(document) === refused.id) continue;
        told.set(document, refused.id);
        const message = `${refused.why} Yours was: ${refused.acts}`;
        sayFailed(TITLES[document], { code: 'CONFLICT', message, retryable: false }, () => mutate(document));
      }
    };
    look();
    return liveStore.subscribe(look);
  }, [mutate]);
}
