import { Button, Group } from '@mantine/core';
import type { WorkshopProfile } from '../../../src-main/api/types.ts';
import { DemoDoor } from '../../components/demo-door.tsx';
import { wantsPassword } from '../../components/describe-link.ts';
import { cut, listText } from '../../components/format.ts';
import { goTo } from '../../components/navigate.ts';
import { Panel } from '../../components/panel.tsx';
import { RedisPasswordForm } from '../../components/redis-password/redis-password-form.tsx';
import { useNow } from '../../live/clock.ts';
import { useDemo } from '../../live/demo-verbs.ts';
import { useDeployments, useLookOver } from '../../live/deploy-verbs.ts';
import { useWorkshops } from '../../live/setup-verbs.ts';
import { useLive } from '../../live/store.ts';
import { AboutPanel } from './about-panel.tsx';
import { EnvPanel } from './env-panel.tsx';
import { type HostProgress, hostProgress, isThere } from './host-progress.ts';
import { GpuHostsPanel, VpsPanel } from './machines-panel.tsx';
import styles from './setup.module.css';
import { nextStep, type SetupFacts, type StepId, setupSteps } from './setup-steps.ts';
import { StepBar } from './step-bar.tsx';
import { WorkshopsPanel } from './workshops-panel.tsx';

/** From nothing to a live Stage: workshop, VPS, GPU host, .env, deployment. It can be left and taken up at any point. */
export function SetupScreen() {
  const view = useWorkshops();
  const profile = view?.workshops.find((one) => one.profile.id === view.currentId)?.profile;
  const facts = useSetupFacts(profile);
  const name = useLive((state) => state.name);
  const demo = useDemo();
  if (!view) return <p className={styles.text}>The saved workshops are being read …</p>;
  const steps = setupSteps(profile, facts);
  const next = nextStep(steps);
  const unknown = facts.hosts.filter((host) => host.settings === null || isThere(host) === null);
  const go = (step: StepId) => {
    if (step === 'deploy') goTo('hosts');
    else if (step === 'live') goTo('stage');
    else document.getElementById(`setup-${step}`)?.scrollIntoView({ block: 'start' });
  };
  return (
    <div className={styles.screen}>
      <StepBar steps={steps} go={go} />
      {!profile && name !== null && demo?.state !== 'open' && (
        <p className={styles.text}>
          This console was started for the workshop “{name}” from outside and watches it; what is set up here
          is for later.
        </p>
      )}
      {!profile && name !== null && demo?.state !== 'open' && <OutsidePassword />}
      {!profile && view.workshops.length === 0 && name === null && (
        <p className={styles.text}>Begin with a name.</p>
      )}
      <DemoDoor className={styles.text} />
      <div id="setup-workshop">
        <WorkshopsPanel view={view} />
      </div>
      {profile && (
        <AboutPanel key={JSON.stringify([profile.id, profile.wording, profile.guardMiB])} profile={profile} />
      )}
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
      {profile && unknown.length > 0 ? (
        <LookOver hosts={unknown} />
      ) : (
        profile &&
        (next === 'deploy' || next === 'live') && (
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
        )
      )}
    </div>
  );
}

/** A Redis that was given from outside, with a password that is not right, or no longer. */
function OutsidePassword() {
  const wanted = useLive(({ links }) => wantsPassword(links.redis));
  return wanted ? (
    <Panel title="Redis password">
      <RedisPasswordForm />
    </Panel>
  ) : null;
}

/** Machines of which nothing is known: a look tells, and changes nothing there. */
function LookOver({ hosts }: { hosts: readonly HostProgress[] }) {
  const look = useLookOver();
  const names = listText(hosts.map(({ name }) => name));
  return (
    <Panel title="Not known yet">
      <p className={styles.text}>
        {`How far ${names} ${hosts.length === 1 ? 'is' : 'are'}, this console does not know: no agent reports from there, and this console has not looked there since. A look changes nothing.`}
      </p>
      <Group>
        {hosts.map(({ id, name }) => (
          <Button
            key={id}
            variant="default"
            loading={look.isPending}
            onClick={() => look.mutate({ targetId: id, skip: [] })}
          >
            {`Look over ${cut(name, 40)}`}
          </Button>
        ))}
      </Group>
    </Panel>
  );
}

/** What is known of the GPU hosts, from their agents and from looks at the machines. */
function useSetupFacts(profile: WorkshopProfile | undefined): SetupFacts {
  const now = useNow();
  const connected = useLive(({ links }) => links.redis.kind === 'ready' || links.redis.kind === 'degraded');
  const heard = useLive((state) => state.hosts);
  const views = useDeployments();
  return { connected, hosts: hostProgress(profile?.gpuHosts ?? [], views, heard, now) };
}
