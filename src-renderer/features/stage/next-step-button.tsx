import { Button, Tooltip } from '@mantine/core';
import { fitWords } from '../../components/fit-words.ts';
import { useRestartWorker, useResume, useSetCount } from '../../live/fleet-verbs.ts';
import { useReconnectNow } from '../../live/settings-verbs.ts';
import { useLiveData } from '../../live/store.ts';
import type { NextStep } from './stage-sentence.ts';

type Step = Exclude<NextStep, { kind: 'release' }>;

/** The one act that the sentence leads to. */
export function NextStepButton({ step }: { step: Step }) {
  const setCount = useSetCount();
  const resume = useResume();
  const restart = useRestartWorker();
  const reconnect = useReconnectNow();
  const busy = setCount.isPending || resume.isPending || restart.isPending || reconnect.isPending;
  const act = () => {
    if (step.kind === 'start') setCount.mutate({ hostId: step.hostId, workers: step.workers });
    else if (step.kind === 'resume') resume.mutate({ hostId: step.hostId, workerIds: [] });
    else if (step.kind === 'reconnect') reconnect.mutate();
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

function wordsOf(step: Step): string {
  switch (step.kind) {
    case 'start':
      return step.workers === 1 ? 'Start' : `Start ${step.workers} workers`;
    case 'resume':
      return 'Resume all';
    case 'reconnect':
      return 'Try now';
    case 'restart-worker':
      return `Restart ${step.workerId}`;
  }
}
