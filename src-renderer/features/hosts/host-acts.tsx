import { Button, Group } from '@mantine/core';
import { useState } from 'react';
import type { DeployAct, DeployView } from '../../../src-main/api/types.ts';
import { askFirst } from '../../components/confirm.tsx';
import { showLog } from '../../components/navigate.ts';
import { useLookOver, useStartDeploy, useStopDeploy } from '../../live/deploy-verbs.ts';
import { mainAct, skippedIn } from './deploy-words.ts';
import { SudoQuestion } from './sudo-question.tsx';

/** What can be pressed for a machine, the next step first. */
export function HostActs({ view }: { view: DeployView }) {
  const { targetId, name, phase, installed } = view;
  const look = useLookOver();
  const start = useStartDeploy();
  const stop = useStopDeploy();
  const [asking, setAsking] = useState<DeployAct | null>(null);
  const skip = skippedIn(view);
  const begin = (act: DeployAct) => {
    if (view.wantsPassword) setAsking(act);
    else start.mutate({ targetId, act, skip, sudoPassword: null });
  };
  if (phase === 'running' || phase === 'stopping')
    return (
      <Button
        variant="default"
        loading={stop.isPending}
        disabled={phase === 'stopping'}
        onClick={() => stop.mutate({ targetId })}
      >
        {phase === 'stopping' ? 'Stopping…' : 'Stop here'}
      </Button>
    );
  const main = mainAct(view);
  const mainIs = phase === 'failed' || phase === 'interrupted' ? view.act : 'deploy';
  const blocked = phase === 'ready' && view.steps.some(({ state }) => state === 'blocked');
  const looking = phase === 'looking' || look.isPending;
  const lookWord = view.lookedAt === null ? 'Look it over' : 'Look again';
  const back = installed?.previous;
  return (
    <Group gap="xs" justify="flex-end">
      {main && (
        <Button
          onClick={() => begin(mainIs)}
          loading={start.isPending}
          disabled={blocked || looking}
          aria-label={`${main} on ${name}`}
        >
          {main}
        </Button>
      )}
      <Button
        variant={main === undefined && installed === null ? 'filled' : 'default'}
        loading={looking}
        onClick={() => look.mutate({ targetId, skip })}
        aria-label={`${lookWord}: ${name}`}
      >
        {lookWord}
      </Button>
      {installed && (
        <Button variant="default" onClick={() => showLog(targetId, null)} aria-label={`Logs of ${name}`}>
          Logs
        </Button>
      )}
      {back && (
        <Button
          variant="default"
          disabled={looking}
          onClick={() =>
            askFirst({
              title: `Go back to ${back} on ${name}?`,
              lines: [
                'The agent that runs hands over to the release before it.',
                'Jobs that run go on in ComfyUI; none is lost or run twice.',
              ],
              act: 'Go back',
              onAct: () => begin('rollback'),
            })
          }
        >
          Roll back…
        </Button>
      )}
      {installed && (
        <Button
          variant="default"
          disabled={looking}
          onClick={() =>
            askFirst({
              title: `Remove the agent from ${name}?`,
              lines: [
                'It takes no more jobs and finishes the running ones, which may take some minutes; those that take too long go back to the queue.',
                'Releases, configuration and service are removed. Models and outputs stay.',
              ],
              act: 'Remove it',
              onAct: () => begin('uninstall'),
            })
          }
        >
          Uninstall…
        </Button>
      )}
      <SudoQuestion
        name={name}
        opened={asking !== null}
        close={() => setAsking(null)}
        answer={(sudoPassword) => asking && start.mutate({ targetId, act: asking, skip, sudoPassword })}
      />
    </Group>
  );
}
