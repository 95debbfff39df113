import type { PlanStep } from './deploy-view.ts';
import type { Findings } from './findings.ts';
import { INSTALL_UNIT } from './install-commands.ts';
import { placesIn, versionOf } from './layout.ts';
import { disk, machine } from './plan-machine.ts';
import { blocked, step, type Wanted, warned } from './plan-step.ts';

/**
 * What is to be done to a machine, from what was found on it. Pure: the same machine gives the same plan, so a plan
 * that was cut off is resumed by looking again.
 */
export function planSteps(found: Findings, wanted: Wanted): PlanStep[] {
  if (found.kernel !== 'Linux') return [otherSystem(found)];
  if (wanted.act === 'uninstall') return planUninstall(found, wanted);
  const back = wanted.act === 'rollback';
  const target = back ? found.agent.previous : wanted.release;
  const steps = [
    disk(found),
    ...(back ? [] : machine(found, wanted)),
    ...(back ? [] : [release(found, wanted), ...ways(wanted), configuration(found, wanted)]),
    check(found, wanted, target),
    swap(found, wanted, target),
    ...(back ? [] : [service(found, wanted)]),
    start(found, wanted, target),
    step('heartbeat', 'Hear from it', {
      why: 'Waits for the agent’s first word in Redis, as every console hears it.',
    }),
  ];
  return steps.map((one) =>
    one.skippable && wanted.skip.has(one.id) && one.state !== 'done'
      ? { ...one, state: 'skipped', problem: null }
      : one,
  );
}

/** What `uname -s` says, as people call it. */
const SYSTEMS: Readonly<Record<string, string>> = { Darwin: 'macOS', FreeBSD: 'FreeBSD' };

/** Nothing of ours runs there, so nothing else is planned. */
function otherSystem({ kernel }: Findings): PlanStep {
  const name = SYSTEMS[kernel] ?? (/^(MINGW|MSYS|CYGWIN|Windows)/i.test(kernel) ? 'Windows' : kernel);
  return step(
    'system',
    'Operating system',
    blocked(
      'HOST_UNSUITABLE',
      `This machine runs ${name}. The agent and the workers need Linux with an NVIDIA card.`,
      'Rent a GPU machine, for instance from Verda or RunPod, and add it on Setup. This console steers it from any computer.',
    ),
  );
}

function release(found: Findings, wanted: Wanted): PlanStep {
  const there = found.agent.releases[wanted.release] === wanted.sha256;
  return step('release', 'Upload the agent', {
    state: there ? 'done' : 'needed',
    why: there
      ? `Release ${wanted.release} is there, with the right checksum.`
      : `Release ${wanted.release} goes to ${placesIn(found.root).release(wanted.release)}.`,
  });
}

const ways = ({ way }: Wanted): PlanStep[] => (way ? [way] : []);

function configuration(found: Findings, wanted: Wanted): PlanStep {
  if (wanted.missing)
    return step(
      'configuration',
      'Configuration',
      blocked('CONFIG', wanted.missing.message, wanted.missing.remedy),
    );
  return step('configuration', 'Configuration', {
    state: wanted.configurationCurrent ? 'done' : 'needed',
    why: wanted.configurationCurrent
      ? 'It is as this workshop wants it.'
      : `Written to ${placesIn(found.root).config}, readable by ${found.user} only.`,
  });
}

function isInPlace(found: Findings, wanted: Wanted, target: string | null): boolean {
  const { current } = found.agent;
  return current !== null && current === target && (wanted.act === 'rollback' || wanted.configurationCurrent);
}

function check(found: Findings, wanted: Wanted, target: string | null): PlanStep {
  if (target === null || (target !== wanted.release && !(target in found.agent.releases)))
    return step(
      'check',
      'Check before switching',
      blocked(
        'NOT_FOUND',
        'There is no release on the machine to go back to.',
        'Deploy again instead; a release to go back to exists after the next upgrade.',
      ),
    );
  return step('check', 'Check before switching', {
    state: isInPlace(found, wanted, target) ? 'done' : 'needed',
    why: 'The new release looks at Redis, GPU, Docker, folders and the way for files; what works now is not touched if it fails.',
  });
}

function swap(found: Findings, wanted: Wanted, target: string | null): PlanStep {
  const { current } = found.agent;
  const inPlace = isInPlace(found, wanted, target);
  const why = inPlace
    ? `${current} is in place.`
    : current === null || current === target
      ? `${target} becomes the current one.`
      : `From ${versionOf(current)} (${current}) to ${target}; the old one stays to go back to.`;
  return step('switch', 'Switch', { state: inPlace ? 'done' : 'needed', why });
}

function service(found: Findings, wanted: Wanted): PlanStep {
  const by = found.keeper;
  const title = 'Keep it running';
  const words = {
    system: 'systemd starts it with the machine and after a crash.',
    user: found.lingers
      ? `systemd of ${found.user} starts it with the machine and after a crash.`
      : `systemd of ${found.user} starts it after a crash; with the machine, too, if this user’s services may go on without a login (lingering), which is asked for.`,
    daemon:
      'There is no systemd here: a small script restarts it after a crash, but not after a restart of the machine.',
  };
  const needed = !wanted.serviceCurrent || found.agent.service !== by;
  if (!needed && by === 'user' && !found.lingers)
    return step(
      'service',
      title,
      warned(
        'HOST_UNSUITABLE',
        `systemd of ${found.user} keeps the agent only while ${found.user} is logged in: it ends with the last login, and does not start with the machine.`,
        `Have an administrator of the machine run: loginctl enable-linger ${found.user}. Or log in as root or as a user with sudo, and deploy again.`,
      ),
    );
  return step('service', title, {
    state: needed ? 'needed' : 'done',
    why: words[by],
    asRoot: by === 'system' && needed,
    commands: needed
      ? {
          system: INSTALL_UNIT.system(found.root),
          user: INSTALL_UNIT.user(found.root),
          daemon: [],
        }[by]
      : [],
  });
}

function start(found: Findings, wanted: Wanted, target: string | null): PlanStep {
  const { running, config } = found.agent;
  const fresh =
    running !== null &&
    running.release === target &&
    running.config === config &&
    isInPlace(found, wanted, target) &&
    found.agent.service === found.keeper;
  if (fresh) return step('start', 'Start', { state: 'done', why: `It runs as process ${running.pid}.` });
  return running === null
    ? step('start', 'Start', { why: 'It does not run yet.' })
    : step('start', 'Hand over', {
        why: 'The running agent leaves at once; jobs go on in ComfyUI, and the new agent carries on with them.',
      });
}

function planUninstall(found: Findings, wanted: Wanted): PlanStep[] {
  const { running, service: by, current } = found.agent;
  const nothing = current === null && by === null && Object.keys(found.agent.releases).length === 0;
  return [
    step('stop', 'Stop it', {
      state: running === null ? 'done' : 'needed',
      asRoot: by === 'system',
      why:
        running === null
          ? 'No agent runs here.'
          : 'It takes no more jobs, finishes the running ones, and gives back what takes too long.',
    }),
    // Until it has stopped, the agent still delivers.
    ...ways(wanted),
    step('remove', 'Remove it', {
      state: nothing ? 'done' : 'needed',
      asRoot: by === 'system',
      why: nothing
        ? 'Nothing of it is left.'
        : `Releases, configuration, keys, service and Node go. Models and outputs stay where they are; ${found.agent.undelivered > 0 ? `${found.agent.undelivered} files not yet delivered and ` : ''}the agent’s notes stay in ${placesIn(found.root).state}.`,
    }),
  ];
}
