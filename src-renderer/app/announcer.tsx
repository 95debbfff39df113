import { useEffect, useState } from 'react';
import { plural } from '../components/format.ts';
import { type LiveState, liveStore } from '../live/store.ts';

/** Failures are told at most so often, ms: a broken workflow of many people must not talk without end. */
const EVERY_MS = 10_000;

const isLost = ({ line, links }: LiveState) => line.kind === 'lost' || links.redis.kind === 'lost';
const isReady = ({ line, links }: LiveState) => line.kind === 'live' && links.redis.kind === 'ready';

/**
 * Says to a screen reader, whichever screen is open, what a look would tell: that jobs failed, that the link is lost
 * or back. What the host does is told by the notices.
 */
export function Announcer() {
  const [words, setWords] = useState('');
  useEffect(() => {
    let lost = isLost(liveStore.getState());
    let { redisAddress: address, counts } = liveStore.getState();
    let untold = 0;
    let quiet: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      quiet = undefined;
      if (untold === 0) return;
      setWords(`${plural(untold, 'job')} failed.`);
      untold = 0;
      quiet = setTimeout(tell, EVERY_MS);
    };
    const stop = liveStore.subscribe((state) => {
      if (!lost && isLost(state)) {
        lost = true;
        setWords('The link to Redis is lost. All figures are the last known.');
      } else if (lost && isReady(state)) {
        lost = false;
        setWords('The link to Redis is back.');
      }
      if (state.counts === counts) return;
      // Another workshop's failures are no news of this one.
      const more = state.redisAddress === address && counts ? (state.counts?.failed ?? 0) - counts.failed : 0;
      ({ redisAddress: address, counts } = state);
      if (more <= 0) return;
      untold += more;
      if (quiet === undefined) tell();
    });
    return () => {
      stop();
      clearTimeout(quiet);
    };
  }, []);
  return (
    <div className="visually-hidden" role="status">
      {words}
    </div>
  );
}
