import { type DeployChoices, NO_CHOICES } from '../../domain/deploy/agent-settings.ts';
import type { BegunRun } from '../../domain/deploy/begun-run.ts';
import type { DeployView, StepView } from '../../domain/deploy/deploy-view.ts';
import { describeFiles, describeMachine } from '../../domain/deploy/describe-machine.ts';
import { versionOf } from '../../domain/deploy/layout.ts';
import { obstaclesIn } from '../../domain/deploy/obstacles.ts';
import type { Looked } from './look-over.ts';
import type { DeployTarget } from './roles.ts';

/** What a look at a machine shows. */
export function viewOfLook(
  targetId: string,
  { found, skew, steps, wanted, imported, files, delivery }: Looked,
): Partial<DeployView> {
  const { agent } = found;
  return {
    lookedAt: Date.now(),
    findings: [
      ...describeMachine(found, skew),
      // While the way is blocked it is not decided; the plan says why.
      ...(wanted.way?.state === 'blocked' ? [] : [describeFiles(files, wanted.way !== null)]),
    ],
    steps: steps.map(
      (step): StepView => ({
        ...step,
        // As it will be run: the scripts are given the user's name.
        commands: step.commands.map((line) => line.replaceAll('"$1"', found.user)),
        progress: null,
      }),
    ),
    imported,
    obstacles: obstaclesIn(targetId, found, skew, { step: wanted.way, mend: delivery.mend }),
    offers: wanted.release,
    runtime: wanted.runtime,
    modelsPath: wanted.modelsPath,
    modelFolders: [...found.models].sort((a, b) => b.bytes - a.bytes).map(({ path }) => path),
    // The machine's own systemd wants root for each start and stop.
    wantsPassword:
      found.sudo === 'password' &&
      (found.keeper === 'system' ||
        agent.service === 'system' ||
        steps.some(({ state, asRoot }) => state === 'needed' && asRoot)),
    installed:
      agent.current === null
        ? null
        : {
            release: agent.current,
            version: versionOf(agent.current),
            previous: agent.previous !== null && agent.previous in agent.releases ? agent.previous : null,
            running: agent.running !== null,
            stale: agent.running !== null && agent.running.release !== agent.current,
            service: agent.service,
          },
  };
}

/** A machine that was not looked at yet. */
export function unseenView(target: DeployTarget, choices: DeployChoices = NO_CHOICES): DeployView {
  return {
    targetId: target.id,
    hostId: target.hostId,
    name: target.name,
    where: target.where,
    phase: 'unseen',
    act: 'deploy',
    choices,
    progress: 0,
    wantsPassword: false,
    ...{
      lookedAt: null,
      imported: null,
      installed: null,
      offers: null,
      runtime: null,
      loginUrl: null,
      modelsPath: null,
      error: null,
      result: null,
      ...{ since: null, wasAt: null, waitsFor: null },
    },
    ...{ findings: [], steps: [], output: [], obstacles: [], modelFolders: [] },
  };
}

/** Share of the steps that are behind us, with the running one's part. */
export function progressOf(steps: readonly StepView[]): number {
  if (steps.length === 0) return 0;
  const behind = steps.reduce((sum, { state, progress }) => {
    if (state === 'finished' || state === 'done' || state === 'skipped' || state === 'warned') return sum + 1;
    return sum + (state === 'running' ? (progress ?? 0) : 0);
  }, 0);
  return behind / steps.length;
}

/**
 * What was done to a machine, in sentences.
 * @param workers that its agent tells of; null when it is not heard.
 */
export function resultOf(
  { found, wanted, steps, files }: Looked,
  view: DeployView,
  workers: number | null,
): string {
  const changed = steps.filter(({ state, id }) => state === 'needed' && id !== 'heartbeat').length;
  const left = wanted.way?.state === 'skipped' ? ` ${wanted.way.why}` : '';
  if (wanted.act === 'uninstall')
    return changed === 0
      ? `There was nothing to remove from ${view.name}.${left}`
      : `The agent was removed from ${view.name}. Models and outputs stay where they are; its notes are in ${found.root}/state.${left}`;
  const missed = view.steps.flatMap(({ state, problem }) =>
    state === 'warned' && problem ? [problem.message] : [],
  );
  const reports = [
    `It reports${workers === null ? '' : `, ${workers} ${workers === 1 ? 'worker' : 'workers'}`}.`,
    ...missed,
  ].join(' ');
  const where =
    files.on === 'vps'
      ? `Finished files go to ${files.path} on the VPS.`
      : `Finished files stay on this machine: ${files.path}.`;
  if (changed === 0)
    return `Nothing was to be done: ${found.agent.current} runs on ${view.name}. ${reports} ${where}`;
  if (wanted.act === 'rollback')
    return `${view.name} went back to ${found.agent.previous}; jobs that ran went on. ${reports}`;
  const from = found.agent.current;
  if (from !== null && from !== wanted.release)
    return `${view.name} was upgraded from ${from} to ${wanted.release}; jobs that ran went on. ${reports} ${where}`;
  return `The agent ${wanted.release} runs on ${view.name}. ${reports} ${where}`;
}

/** A machine on which this console ended in the middle of a run, before anybody has looked again. */
export function brokenOff(run: BegunRun | undefined): Partial<DeployView> {
  if (!run) return {};
  const { act, since, wantsPassword, step } = run;
  return { phase: 'interrupted', act, since, wantsPassword, wasAt: step };
}
