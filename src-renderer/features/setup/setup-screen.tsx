import { Button } from '@mantine/core';
import { goTo } from '../../components/navigate.ts';
import { Panel } from '../../components/panel.tsx';
import { useNow } from '../../live/clock.ts';
import { useWorkshops } from '../../live/setup-verbs.ts';
import { useLive } from '../../live/store.ts';
import { EnvPanel } from './env-panel.tsx';
import { GpuHostsPanel, VpsPanel } from './machines-panel.tsx';
import styles from './setup.module.css';
import { nextStep, type StepId, setupSteps } from './setup-steps.ts';
import { StepBar } from './step-bar.tsx';
import { WorkshopsPanel } from './workshops-panel.tsx';

/** From nothing to a live Stage: workshop, VPS, GPU host, .env, deployment. It can be left and taken up at any point. */
export function SetupScreen() {
  const view = useWorkshops();
  const facts = useSetupFacts();
  const name = useLive((state) => state.name);
  if (!view) return <p className={styles.text}>The saved workshops are being read …</p>;
  const profile = view.workshops.find((one) => one.profile.id === view.currentId)?.profile;
  const steps = setupSteps(profile, facts);
  const next = nextStep(steps);
  const go = (step: StepId) => {
    if (step === 'deploy') goTo('hosts');
    else if (step === 'live') goTo('stage');
    else document.getElementById(`setup-${step}`)?.scrollIntoView({ block: 'start' });
  };
  return (
    <div className={styles.screen}>
      <StepBar steps={steps} go={go} />
      {!profile && name !== null && (
        <p className={styles.text}>
          This console was started for the workshop “{name}” from outside and watches it; what is set up here
          is for later.
        </p>
      )}
      {!profile && view.workshops.length === 0 && (
        <p className={styles.text}>
          Begin with a name. To look around without any risk, close this console and run <b>npm run demo</b>:
          it shows a workshop with made-up participants and no real GPU.
        </p>
      )}
      <div id="setup-workshop">
        <WorkshopsPanel view={view} />
      </div>
      {profile && (
        <div className={styles.columns}>
          <div id="setup-vps">
            <VpsPanel profile={profile} />
          </div>
          <div id="setup-gpu">
            <GpuHostsPanel profile={profile} />
          </div>
        </div>
      )}
      {profile && (
        <div id="setup-env">
          <EnvPanel profile={profile} />
        </div>
      )}
      {profile && (next === 'deploy' || next === 'live') && (
        <Panel title={next === 'deploy' ? 'Deploy' : 'Live'}>
          <p className={styles.text}>
            {next === 'deploy'
              ? 'All that the agent needs is known. The Hosts screen shows what is missing on the machine, and puts the agent there.'
              : 'Everything is in place; as soon as the agent reports, the Stage is live.'}
          </p>
          <div>
            <Button onClick={() => goTo(next === 'deploy' ? 'hosts' : 'stage')}>
              {next === 'deploy' ? 'Go to the hosts' : 'Go to the Stage'}
            </Button>
          </div>
        </Panel>
      )}
    </div>
  );
}

function useSetupFacts() {
  const now = useNow();
  const connected = useLive(({ links }) => links.redis.kind === 'ready' || links.redis.kind === 'degraded');
  const hosts = useLive((state) => state.hosts);
  const agents = Object.values(hosts);
  const reporting = agents.filter(
    ({ status, heardAt }) =>
      status !== null &&
      status.phase !== 'stopped' &&
      heardAt !== null &&
      now - heardAt <= status.nextWithinMs,
  );
  return {
    connected,
    agents: agents.filter(({ status }) => status !== null).length,
    reporting: reporting.length,
  };
}
