import { useEffect, useState } from 'react';
import type { DeployAct, DeployView, StepId } from '../../src-main/api/types.ts';
import { sayFailed } from '../components/notice.tsx';
import { useClient, useVerb } from './command.ts';

/** Pause before a feed that main ended is asked for again, ms. */
const AGAIN_AFTER = 1000;

/** Every machine's deployment, live; undefined until the first picture has come. */
export function useDeployments(): readonly DeployView[] | undefined {
  const client = useClient();
  const [views, setViews] = useState<readonly DeployView[]>();
  const [tries, setTries] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another try subscribes anew.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      timer = setTimeout(() => setTries((before) => before + 1), AGAIN_AFTER);
    };
    const feed = client.deploy.changes.subscribe(undefined, {
      onData: setViews,
      onError: again,
      onComplete: again,
    });
    return () => {
      clearTimeout(timer);
      feed.unsubscribe();
    };
  }, [client, tries]);
  return views;
}

/** The steps that a host may leave out. */
export type SkippableStep = Extract<
  StepId,
  'gpu' | 'ports' | 'room' | 'docker' | 'toolkit' | 'tailscale' | 'delivery'
>;

export function useLookOver() {
  return useVerb<{ targetId: string; skip: SkippableStep[] }, void>({
    run: (client, input) => client.deploy.look.mutate(input),
    failed: (error, again) => sayFailed('The machine was not looked over', error, again),
  });
}

export interface DeployOrder {
  targetId: string;
  act: DeployAct;
  skip: SkippableStep[];
  /** For this run only; it is not kept. */
  sudoPassword: string | null;
}

export function useStartDeploy() {
  return useVerb<DeployOrder, void>({
    run: (client, input) => client.deploy.start.mutate(input),
    failed: (error, again) => sayFailed('It was not begun', error, again),
  });
}

export function useStopDeploy() {
  return useVerb<{ targetId: string }, void>({
    run: (client, input) => client.deploy.stop.mutate(input),
    failed: (error, again) => sayFailed('It was not stopped', error, again),
  });
}

/** Keeps how ComfyUI is to run on a machine, and looks the machine over with it. */
export function useChooseRuntime() {
  return useVerb<{ targetId: string; choices: DeployView['choices']; skip: SkippableStep[] }, void>({
    async run(client, { targetId, choices, skip }) {
      await client.deploy.choose.mutate({ targetId, choices });
      await client.deploy.look.mutate({ targetId, skip });
    },
    failed: (error, again) => sayFailed('The choice was not kept', error, again),
  });
}
