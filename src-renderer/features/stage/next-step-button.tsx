import { Button, Stack, Tooltip } from '@mantine/core';
import { fitWords } from '../../components/fit-words.ts';
import { goTo } from '../../components/navigate.ts';
import { askRedisPassword } from '../../components/redis-password/redis-password-open.ts';
import { useRestartWorker, useResume, useSetCount } from '../../live/fleet-verbs.ts';
import { useReconnectNow } from '../../live/settings-verbs.ts';
import { useLiveData } from '../../live/store.ts';
import type { NextStep } from './stage-sentence.ts';

type Step = Exclude<NextStep, { kind: 'release' }>;
type Act = Exclude<Step, { kind: 'go' }>;

const PLACES = { hosts: 'Hosts', logs: 'Logs' } as const;

/** The one act that the sentence leads to, or where it is found. */
export function NextStepButton({ step }: { step: Step }) {
  if (step.kind !== 'go') return <ActButton step={step} />;
  return (
    // Above each other: the headline needs the width.
    <Stack gap={6} style={{ flex: 'none' }}>
      {step.to.map((screen, at) => (
        <Button
          key={screen}
          size={step.to.length === 1 ? 'sm' : 'compact-sm'}
          variant={at === 0 ? 'filled' : 'default'}
          aria-label={`Go to the ${PLACES[screen]}`}
          onClick={() => goTo(screen)}
        >
          {PLACES[screen]}
        </Button>
      ))}
    </Stack>
  );
}

function ActButton({ step }: { step: Act }) {
  const setCount = useSetCount();
  const resume = useResume();
  const restart = useRestartWorker();
  const reconnect = useReconnectNow();
  const busy = setCount.isPending || resume.isPending || restart.isPending || reconnect.isPending;
  const act = () => {
    if (step.kind === 'start') setCount.mutate({ hostId: step.hostId, workers: step.workers });
    else if (step.kind === 'resume') resume.mutate({ hostId: step.hostId, workerIds: [] });
    else if (step.kind === 'reconnect') reconnect.mutate();
    else if (step.kind === 'enter-password') askRedisPassword();
    else restart.mutate({ hostId: step.hostId, workerId: step.workerId });
  };
  const fit = useLiveData((state) =>
    step.kind === 'start' ? fitWords(state.capacity?.hosts[step.hostId], step.workers) : null,
  );
  return (
    <Tooltip label={fit ? `${fit.figures}: ${fit.verdict}. ${fit.reason}` : ''} disabled={fit === null}>
      <Button onClick={act} loading={busy} style={{ flex: 'none' }}>
        {wordsOf(step)}
      </Button>
    </Tooltip>
  );
}

function wordsOf(step: Act): string {
  switch (step.kind) {
    case 'start':
      return step.workers === 1 ? 'Start' : `Start ${step.workers} workers`;
    case 'resume':
      return 'Resume all';
    case 'reconnect':
      return 'Try now';
    case 'enter-password':
      return 'Enter the password…';
    case 'restart-worker':
      return `Restart ${step.workerId}`;
  }
}
