import { NO_CHOICES } from '../../src-main/domain/deploy/agent-settings.ts';
import { planDelivery } from '../../src-main/domain/deploy/delivery.ts';
import type { DeployView, PlanStep, StepId, StepView } from '../../src-main/domain/deploy/deploy-view.ts';
import { describeMachine } from '../../src-main/domain/deploy/describe-machine.ts';
import { parseFindings } from '../../src-main/domain/deploy/findings.ts';
import { planSteps } from '../../src-main/domain/deploy/plan.ts';
import { parseVpsFindings } from '../../src-main/domain/deploy/vps-findings.ts';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';

/** Machines on their way, as the product's own look and plan describe them. */

const LOOK = [
  ...['os.id=ubuntu', 'os.version=24.04', 'os.name=Ubuntu 24.04.1 LTS', 'arch=x86_64', 'user=ubuntu'],
  ...['hostname=h100', 'root=/home/ubuntu/.local/share/workshop-agent', 'disk.free.kib=1800000000'],
  ...['sudo=password', 'systemd=yes', 'docker.client=no', 'gpu=0, NVIDIA H100 80GB HBM3, 81559, 570.86.10'],
  ...['tailscale=yes', 'fetcher=curl', 'packages=apt', 'docker.why=docker: not found'],
  ...['docker.disk=1800000000 /var/lib/docker', 'models=41 128849018880 900000000 /mnt/sfs/models'],
].join('\n');
const RELEASE = '0.1.0-2b8f0c5e91aa';

const WAY = {
  tunnel: null,
  ...{
    redisHost: '100.99.216.71',
    present: {},
    publicKey: null,
    keygen: true,
    root: '/home/ubuntu/.local/share/worker-agent',
  },
  ...{ imported: { VPS_OUTPUTS_PATH: '/home/dev/comfyume-v1/data/outputs' }, hostId: 'h100', skip: false },
  machine: 'H100 of Verda',
};

/** @param told by the VPS, where it may write. */
function wayTo(told: string): PlanStep | null {
  const found = parseVpsFindings(`user=dev\nport=22\nhostkey=ssh-ed25519 ${'A'.repeat(68)}\n${told}`);
  return planDelivery({ ...WAY, vps: found ? { kind: 'seen', found } : { kind: 'none' } }).step;
}

function planned(
  look = LOOK,
  release = RELEASE,
  way = wayTo('outputs=writable'),
  modelsPath: string | null = '/mnt/sfs/models',
): Pick<DeployView, 'findings' | 'steps'> {
  const found = parseFindings(look);
  const steps = planSteps(found, {
    ...{
      act: 'deploy',
      release,
      sha256: 'a'.repeat(64),
      runtime: 'compose',
      missing: null,
      way,
      tunnel: false,
    },
    ...{ image: 'workshop-comfyui:local', modelsPath },
    ...{
      redisHost: '100.99.216.71',
      ports: [8188, 8189, 8190],
      standingPorts: [],
      configurationCurrent: false,
    },
    ...{ serviceCurrent: false, skip: new Set<StepId>() },
    node: { version: 'v24.21.0', mirror: 'https://nodejs.org/dist' },
  });
  return {
    findings: describeMachine(found, { ms: 800, withinMs: 20 }),
    steps: steps.map(
      (step): StepView => ({
        ...step,
        commands: step.commands.map((line) => line.replaceAll('"$1"', found.user)),
        progress: null,
      }),
    ),
  };
}

function view(change: Partial<DeployView>): DeployView {
  return {
    ...{
      targetId: 'h100',
      hostId: 'h100',
      imported: true,
      loginUrl: null,
      obstacles: [],
      wasAt: null,
      waitsFor: null,
    },
    ...{ name: 'H100 of Verda', where: 'ubuntu@100.64.0.7', phase: 'ready', act: 'deploy' },
    ...{ lookedAt: Date.now() - 65_000, installed: null, offers: RELEASE, choices: NO_CHOICES },
    ...{ modelsPath: '/mnt/sfs/models', modelFolders: ['/mnt/sfs/models'] },
    ...{ runtime: 'compose', wantsPassword: true, progress: 0.1, output: [], error: null, result: null },
    ...planned(),
    since: null,
    ...change,
  };
}

/** The machines of a workshop of two: one deployed to and running, one whose agent has stopped. */
export function deployedPair(): DeployView[] {
  const running = {
    ...{ release: RELEASE, version: '0.1.0', previous: null, running: true },
    ...{ stale: false, service: 'system' as const },
  };
  const small = LOOK.replace(/gpu=.*/, 'gpu=0, NVIDIA GeForce RTX 4090, 24564, 570.86.10');
  return [
    view({
      ...{ phase: 'done', progress: 1, steps: done(planned().steps), wantsPassword: false },
      result: `The agent ${RELEASE} runs on H100 of Verda. It reports, 3 workers.`,
      installed: running,
    }),
    view({
      ...{ targetId: 'rtx-4090', hostId: 'rtx-4090', name: 'RTX 4090 of RunPod' },
      ...{ where: 'root@203.0.113.7:2222', runtime: 'process' },
      ...planned(small),
      installed: { ...running, running: false },
    }),
  ];
}

const outputOf = (lines: readonly string[]) => lines.map((text, n) => ({ n, text }));

/** The steps as they stand while one of them runs or has failed. */
function upTo(id: StepId, state: 'running' | 'failed'): StepView[] {
  const { steps } = planned();
  const at = steps.findIndex((step) => step.id === id);
  return steps.map((step, place) => {
    if (place === at) return { ...step, state, progress: state === 'running' ? 0.42 : null };
    return place < at && step.state === 'needed' ? { ...step, state: 'finished' } : step;
  });
}

const done = (steps: StepView[]): StepView[] => steps.map((step) => ({ ...step, state: 'finished' }));

export const deployStates: Record<string, () => DeployView[]> = {
  none: () => [],
  unseen: () => [
    view({ phase: 'unseen', lookedAt: null, steps: [], findings: [], runtime: null, progress: 0 }),
    view({
      ...{ targetId: 'this-computer', name: 'This computer', where: 'anna@studio', phase: 'looking' },
      ...{ lookedAt: null, steps: [], findings: [], runtime: null, progress: 0 },
    }),
  ],
  ready: () => [view({})],
  blocked: () => [
    view(
      planned(
        LOOK.replace('sudo=password', 'sudo=none').replace(/gpu=.*/, 'gpu.why=driver not loaded'),
        RELEASE,
        wayTo('outputs=readable'),
      ),
    ),
  ],
  running: () => [
    view({
      ...{ phase: 'running', since: Date.now() - 83_000, progress: 0.56, steps: upTo('release', 'running') },
      output: outputOf([
        '# apt-get update',
        'Hit:1 http://archive.ubuntu.com/ubuntu noble InRelease',
        'Uploading',
      ]),
    }),
  ],
  'waits-for-login': () => [
    view({
      ...{ phase: 'running', since: Date.now() - 20_000, progress: 0.4, steps: upTo('tailscale', 'running') },
      loginUrl: 'https://login.tailscale.com/a/1a2b3c4d5e6f',
      output: outputOf(['# tailscale up --timeout=300s', 'To authenticate, visit:']),
    }),
  ],
  'waits-for-earlier': () => [
    view({
      ...{ phase: 'running', since: Date.now() - 20_000, progress: 0.1 },
      waitsFor:
        '“Docker” of an earlier run, begun 214 s ago, still runs on H100 of Verda as process 4127 and 2 more. It is waited for, and nothing begins beside it; “Stop here” ends it.',
    }),
  ],
  stopping: () => [
    view({
      ...{ phase: 'stopping', since: Date.now() - 83_000, progress: 0.3, steps: upTo('docker', 'running') },
      output: outputOf([
        '# sh /tmp/get-docker.sh',
        'Ending “Docker” on H100 of Verda, and waiting until it has ended.',
      ]),
    }),
  ],
  interrupted: () => [
    view({
      ...{ phase: 'interrupted', since: Date.now() - 600_000, wasAt: 'Docker', lookedAt: null },
      ...{ steps: [], findings: [], runtime: null, progress: 0 },
    }),
  ],
  failed: () => [
    view({
      ...{ phase: 'failed', progress: 0.7, steps: upTo('check', 'failed') },
      error: new WorkshopError('REDIS_AUTH', 'From this machine, Redis refuses the password.', {
        remedy: 'Import the .env of the VPS again, or correct REDIS_PASSWORD; then press again.',
      }).toInfo(),
      output: outputOf(['Redis: refuses the password', 'ComfyUI: does not answer yet']),
    }),
  ],
  done: () => [
    view({
      ...{ phase: 'done', progress: 1, steps: done(planned().steps), wantsPassword: false },
      result: `The agent ${RELEASE} runs on H100 of Verda. It reports, 2 workers.`,
      installed: {
        ...{ release: RELEASE, version: '0.1.0', previous: '0.1.0-90aa11bb22cc', running: true },
        ...{ stale: false, service: 'system' },
      },
    }),
  ],
  incomplete: () => {
    const bare = planned(
      LOOK.replace(/models=.*/, '').replace('1800000000 /var', '31000000 /var'),
      RELEASE,
      undefined,
      null,
    );
    return [
      view({
        ...bare,
        ...{ phase: 'done', progress: 1, wantsPassword: false, modelsPath: null, modelFolders: [] },
        steps: bare.steps.map((one) => (one.state === 'warned' ? one : { ...one, state: 'finished' })),
        result: `The agent ${RELEASE} runs on H100 of Verda. It reports, 1 worker. ${bare.steps.flatMap(({ state, why }) => (state === 'warned' ? [why] : [])).join(' ')}`,
        installed: {
          ...{ release: RELEASE, version: '0.1.0', previous: null, running: true },
          ...{ stale: false, service: 'system' },
        },
      }),
    ];
  },
  hostile: () => [
    view({
      name: `<script>hacked = 1</script> ${'n'.repeat(10_000)}`,
      where: `‮${'w'.repeat(10_000)}`,
      phase: 'failed',
      error: { code: 'INTERNAL', message: 'm'.repeat(10_000), remedy: '<b>r</b>', retryable: false },
      findings: planned().findings.map((one) => ({
        ...one,
        value: '<script>hacked = 1</script>'.repeat(400),
      })),
      output: outputOf(['<script>hacked = 1</script>', 'o'.repeat(10_000)]),
    }),
  ],
};
