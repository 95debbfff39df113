import type { BulkReceipt } from '../../src-main/api/types.ts';
import { askFirst } from '../components/confirm.tsx';
import { cut, plural } from '../components/format.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';
import { nameOf } from './names.ts';
import { liveStore } from './store.ts';
import { useTakeBack } from './take-back.ts';

/** What the host orders about single people. */

const nextTurnNow = () => liveStore.getState().control?.nextTurn ?? null;
const capsNow = () => liveStore.getState().control?.caps ?? { everybody: null, users: {} };

/** Passes over the waiting jobs of one person, or no longer. */
export function useHoldPerson() {
  const verb = useVerb({
    run: (client, input: { userId: string; held: boolean }) => client.people.hold.mutate(input),
    done: (_, { userId, held }) =>
      sayDone(
        held
          ? `${nameOf(userId)} is held: waiting jobs are passed over, running ones go on.`
          : `${nameOf(userId)} goes on.`,
        () => verb.mutate({ userId, held: !held }),
        `hold/${userId}`,
      ),
    failed: (error, again, { userId }) =>
      sayFailed(`${nameOf(userId)} was not held or released`, error, again),
  });
  return verb;
}

/** Serves one person's next waiting job first, once; null takes the turn away. */
export function useNextTurn() {
  const verb = useVerb({
    run: async (client, { userId }: { userId: string | null }) => {
      const was = nextTurnNow();
      await client.people.nextTurn.mutate({ userId, was });
      return was;
    },
    done: (was, { userId }) =>
      sayDone(
        userId === null ? 'Nobody has the next turn any more.' : `${nameOf(userId)} has the next turn.`,
        () => verb.mutate({ userId: was }),
        'next-turn',
      ),
    failed: (error, again) => sayFailed('The next turn was not changed', error, again),
  });
  return verb;
}

/** Limits how many jobs of one person (null: of everybody) run at once; null for no limit. */
export function useCap() {
  const verb = useVerb({
    run: async (client, { userId, cap }: { userId: string | null; cap: number | null }) => {
      const { everybody, users } = capsNow();
      const was = userId === null ? everybody : (users[userId] ?? null);
      await client.people.cap.mutate({ userId, cap, was });
      return was;
    },
    done: (was, { userId, cap }) => {
      const who = userId === null ? 'Everybody' : nameOf(userId);
      const words =
        cap === null
          ? `${who} has no ${userId === null ? 'limit' : 'limit of their own'} any more.`
          : `${who} runs at most ${plural(cap, 'job')} at once; further ones wait.`;
      sayDone(words, () => verb.mutate({ userId, cap: was }), `cap/${userId ?? ''}`);
    },
    failed: (error, again) => sayFailed('The limit was not changed', error, again),
  });
  return verb;
}

/** Limits how many waiting jobs of one person (null: of everybody) stand in line; null for any number. */
export function useLineCap() {
  const verb = useVerb({
    run: async (client, { userId, cap }: { userId: string | null; cap: number | null }) => {
      const { everybody, users } = liveStore.getState().control?.lineCaps ?? { everybody: null, users: {} };
      const was = userId === null ? everybody : (users[userId] ?? null);
      await client.people.lineCap.mutate({ userId, cap, was });
      return was;
    },
    done: (was, { userId, cap }) => {
      const who = userId === null ? 'Everybody' : nameOf(userId);
      const words =
        cap === null
          ? `${who} has no ${userId === null ? 'limit' : 'limit of their own'} in line any more.`
          : `${who} has at most ${plural(cap, 'job')} in line; further ones join its end as theirs start.`;
      sayDone(words, () => verb.mutate({ userId, cap: was }), `line-cap/${userId ?? ''}`);
    },
    failed: (error, again) => sayFailed('The limit was not changed', error, again),
  });
  return verb;
}

/** Cancels all waiting jobs of one person after asking; the notice takes them back. */
export function useCancelWaiting() {
  const back = useTakeBack();
  const verb = useVerb<{ userId: string }, BulkReceipt>({
    run: (client, input) => client.people.cancelWaiting.mutate(input),
    done: ({ done, refused, why }, { userId }) => {
      const rest = refused > 0 ? ` ${plural(refused, 'other')} not: ${why.join(' ')}` : '';
      sayDone(
        `${plural(done.length, 'waiting job')} of ${nameOf(userId)} cancelled.${rest}`,
        done.length > 0 ? () => back.mutate({ jobIds: done }) : undefined,
        `cancel/${userId}`,
      );
    },
    failed: (error, again, { userId }) =>
      sayFailed(`The waiting jobs of ${nameOf(userId)} were not cancelled`, error, again),
  });
  return {
    ask: (userId: string, waiting: number) =>
      askFirst({
        title: `Cancel all waiting jobs of ${nameOf(userId)}?`,
        lines: [
          `${plural(waiting, 'job')} of ${nameOf(userId)} would leave the queue. What runs goes on.`,
          'For 15 minutes they can be taken back into their old places.',
        ],
        act: `Cancel ${plural(waiting, 'waiting job')}`,
        onAct: () => verb.mutate({ userId }),
      }),
  };
}

/** Gives a person the name that the room reads; an empty one takes it away. */
export function useNickname() {
  return useVerb({
    run: (client, input: { userId: string; nickname: string }) => client.room.setNickname.mutate(input),
    done: (_, { userId, nickname }) =>
      sayDone(
        nickname.trim() === ''
          ? `${cut(userId, 40)} has no nickname.`
          : `${cut(userId, 40)} is ${cut(nickname, 40)}.`,
        undefined,
        `nickname/${userId}`,
      ),
    failed: (error, again) => sayFailed('The nickname was not changed', error, again),
  });
}
