import { plural } from '../components/format.ts';
import { showJobsOf } from '../components/navigate.ts';
import { showNickname } from '../components/nickname-panel.ts';
import { useStaggered } from '../live/clock.ts';
import { useCancelWaiting, useCap, useHoldPerson, useNextTurn } from '../live/people-verbs.ts';
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
  const cap = useCap();
  const cancel = useCancelWaiting();
  return people.flatMap(({ userId, name, waiting, held, nextTurn, ownCap, active }) => {
    const actions: PaletteAction[] = [
      { id: `person/jobs/${userId}`, label: `Jobs of ${name}`, act: () => showJobsOf(userId) },
      { id: `person/name/${userId}`, label: `Nickname of ${name}…`, act: () => showNickname(userId) },
    ];
    if (!reached) return actions;
    if (waiting > 0 && !nextTurn)
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
    if (waiting > 0)
      actions.push({
        id: `person/cancel/${userId}`,
        label: `Cancel all waiting jobs of ${name}…`,
        act: () => cancel.ask(userId, waiting),
      });
    for (const limit of active ? [1, 2] : [])
      if (limit !== ownCap)
        actions.push({
          id: `person/cap/${limit}/${userId}`,
          label: `Limit ${name} to ${plural(limit, 'running job')}`,
          act: () => cap.mutate({ userId, cap: limit }),
        });
    if (ownCap !== null)
      actions.push({
        id: `person/cap/none/${userId}`,
        label: `No limit of their own for ${name}`,
        act: () => cap.mutate({ userId, cap: null }),
      });
    return actions;
  });
}

function readPeople(): string {
  const { jobs, room, control } = liveStore.getState();
  return JSON.stringify(palettePeople({ jobs: jobs.all(), nicknames: room?.nicknames ?? {}, control }));
}
