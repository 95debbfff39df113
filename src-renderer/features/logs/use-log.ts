import { useCallback, useEffect, useLayoutEffect, useReducer, useRef, useState } from 'react';
import type { LogMessage, TailState } from '../../../src-main/api/types.ts';
import { errorInfoOf, useClient } from '../../live/command.ts';
import { indexOfSeq, LogBuffer, type LogFilter, type LogRow } from './log-buffer.ts';

/** Time between two drawings of a log that keeps coming, ms. */
const DRAW_EVERY = 100;
/** Pause before a log that could not be opened is asked for again, ms. */
const AGAIN_AFTER = 2000;

export interface LogChoice {
  machineId: string;
  sourceId: string;
}

/** `scrolled`: it stands still because somebody scrolled up; `paused`: because they said so. */
export type Pace = 'following' | 'scrolled' | 'paused';

export interface LogView {
  state: TailState;
  rows: readonly LogRow[];
  buffer: LogBuffer;
  pace: Pace;
  setPace(pace: Pace): void;
  /** Wanted rows that came since it stands still. */
  behind: number;
}

/** Follows one log while the component is there. What stands still keeps its rows, whatever comes meanwhile. */
export function useLog(choice: LogChoice | null, filter: LogFilter): LogView {
  const client = useClient();
  const [state, setState] = useState<TailState>(opening);
  const [buffer] = useState(() => new LogBuffer());
  const [frozen, setFrozen] = useState<{ pace: Pace; rows: LogRow[]; until: number } | null>(null);
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const drawing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  buffer.want(filter);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another log, and only that, begins anew.
  useEffect(() => {
    buffer.clear();
    setFrozen(null);
    setState(opening());
    draw();
    if (!choice) return;
    let again: ReturnType<typeof setTimeout> | undefined;
    let running: { unsubscribe: () => void } | undefined;
    const take = (message: LogMessage) => {
      buffer.add(message);
      setState((before) => (isSame(before, message.state) ? before : message.state));
      drawing.current ??= setTimeout(() => {
        drawing.current = undefined;
        draw();
      }, DRAW_EVERY);
    };
    const failed = (cause: unknown) => {
      const { message, remedy = 'It is tried again by itself.' } = errorInfoOf(cause);
      setState((before) => ({
        ...{ kind: 'lost', why: message, remedy, retryAt: Date.now() + AGAIN_AFTER },
        since: before.kind === 'lost' ? before.since : Date.now(),
      }));
      subscribeLater();
    };
    const subscribeLater = () => {
      running?.unsubscribe();
      clearTimeout(again);
      again = setTimeout(subscribe, AGAIN_AFTER);
    };
    const subscribe = () => {
      running = client.logs.follow.subscribe(choice, {
        onData: take,
        onError: failed,
        onComplete: subscribeLater,
        onConnectionStateChange: ({ state: line, error }) => {
          if (line !== 'connecting' || !error) return;
          setState((before) =>
            before.kind === 'lost'
              ? before
              : {
                  ...{ kind: 'lost', since: Date.now(), why: 'The console does not answer.' },
                  ...{ remedy: 'It goes on by itself when it is back.', retryAt: Date.now() },
                },
          );
        },
      });
    };
    subscribe();
    return () => {
      running?.unsubscribe();
      clearTimeout(again);
      clearTimeout(drawing.current);
      drawing.current = undefined;
    };
  }, [choice?.machineId, choice?.sourceId]);

  // Another question is answered at once, also while it stands still.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the buffer changes in place.
  useLayoutEffect(() => {
    setFrozen((before) => before && { ...before, rows: [...buffer.shown], until: lastSeq(buffer.shown) });
  }, [filter]);
  const setPace = useCallback(
    (pace: Pace) =>
      setFrozen(
        pace === 'following'
          ? null
          : (before) => ({
              ...(before ?? { rows: [...buffer.shown], until: lastSeq(buffer.shown) }),
              pace,
            }),
      ),
    [buffer],
  );
  const rows = frozen?.rows ?? buffer.shown;
  return {
    state,
    rows,
    buffer,
    pace: frozen?.pace ?? 'following',
    setPace,
    behind: frozen ? buffer.shown.length - indexOfSeq(buffer.shown, frozen.until + 1) : 0,
  };
}

function opening(): TailState {
  return { kind: 'opening', since: Date.now() };
}

const isSame = (a: TailState, b: TailState) => JSON.stringify(a) === JSON.stringify(b);

const lastSeq = (rows: readonly LogRow[]) => rows[rows.length - 1]?.seq ?? -1;
