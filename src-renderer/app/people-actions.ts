import { showJobsOf } from '../components/navigate.ts';
import { useStaggered } from '../live/clock.ts';
import { useHoldPerson, useNextTurn } from '../live/people-verbs.ts';
import { liveStore, useLive } from '../live/store.ts';
import type { PaletteAction } from './palette-action.ts';
import { type PalettePerson, palettePeople } from './palette-people.ts';

/** What the palette can do about single people. Renewed once a second, and only when something of it changed. */
export function usePeopleActions(): PaletteAction[] {
  const text = useStaggered(1000, readPeople);
  const reached = useLive(({ links, line }) => line.kind === 'live' && links.redis.kind !== 'lost');
  const hold = useHoldPerson();
  const turn = useNextTurn();
  const people = JSON.parse(text) as PalettePerson[];
  return people.flatMap(({ userId, name, waiting, held, nextTurn }) => {
    const actions: PaletteAction[] = [
      { id: `person/jobs/${userId}`, label: `Jobs of ${name}`, act: () => showJobsOf(userId) },
    ];
    if (!reached) return actions;
    if (waiting && !nextTurn)
      actions.push({
        id: `person/turn/${userId}`,
        label: `Give ${name} the next turn`,
        act: () => turn.mutate({ userId }),
      });
    actions.push({
      id: `person/hold/${userId}`,
      label: held ? `Release ${name}` : `Hold ${name}`,
      act: () => hold.mutate({ userId, held: !held }),
    });
    return actions;
  });
}

function readPeople(): string {
  const { jobs, room, control } = liveStore.getState();
  return JSON.stringify(palettePeople({ jobs: jobs.all(), nicknames: room?.nicknames ?? {}, control }));
}
