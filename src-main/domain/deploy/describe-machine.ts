import type { FinishedFiles } from '../../../worker-agent/src/contract/host.ts';
import type { ClockSkew } from './clock-skew.ts';
import type { FindingView } from './deploy-view.ts';
import { type Findings, isNodeUsable, SILENT_MOUNT_REMEDY, silentMountName } from './findings.ts';
import { amountOf, fullest } from './models.ts';

/** Beyond this a person should know that the clocks differ; jobs live by Redis time, ms. */
const SKEW_MS = 5000;
/** A figure that may be wrong by so much says so, ms. */
const VAGUE_MS = 500;

/**
 * The look at a machine, for people.
 * @param skew its clock against ours; null when it is not known.
 */
export function describeMachine(found: Findings, skew: ClockSkew | null): FindingView[] {
  const { docker, tailscale, node, gpus } = found;
  const [gpu] = gpus;
  return [
    ...(found.lock === null ? [] : [atWork(found.lock)]),
    ...found.silentMounts.map(
      (mount): FindingView => ({
        label: 'Storage',
        value: `${mount.path} does not answer`,
        tone: 'fail',
        note: `${silentMountName(mount)}: whatever asks for a folder there hangs. ${SILENT_MOUNT_REMEDY}`,
      }),
    ),
    {
      label: 'System',
      value: `${found.os.name || found.os.id}, ${found.arch}`,
      tone: found.kernel === 'Linux' ? 'ok' : 'fail',
      note: found.container ? 'A container (pod).' : '',
    },
    {
      label: 'User',
      value: found.user,
      tone: found.sudo === 'none' ? 'warn' : 'ok',
      note: {
        root: 'Is root.',
        free: 'Becomes root without a password.',
        password: 'Becomes root with a password.',
        none: 'May not become root.',
      }[found.sudo],
    },
    {
      label: 'GPU',
      value: gpu ? `${gpus.length === 1 ? '' : `${gpus.length} × `}${gpu.name}` : 'none visible',
      tone: gpu ? 'ok' : 'warn',
      note: gpu
        ? `${gpu.memoryMiB === null ? 'VRAM not known' : `${Math.round(gpu.memoryMiB / 1024)} GB VRAM`}, driver ${gpu.driver}.`
        : sentence(found.gpuWhy),
    },
    {
      label: 'Disk',
      value: found.diskFreeMiB === null ? 'not known' : `${(found.diskFreeMiB / 1024).toFixed(1)} GiB free`,
      tone: found.diskFreeMiB !== null && found.diskFreeMiB < 20 * 1024 ? 'warn' : 'ok',
      note: found.root,
    },
    {
      label: 'Docker',
      value: docker.server ? `${docker.server}, compose ${docker.compose ?? 'missing'}` : 'does not run',
      tone: docker.server && docker.compose ? 'ok' : 'off',
      note: docker.server
        ? docker.nvidia
          ? 'Containers can use the GPU.'
          : 'NVIDIA’s container toolkit is not set up.'
        : sentence(docker.why),
    },
    modelsFinding(found),
    {
      label: 'Node.js',
      value: node?.version ?? 'none',
      tone: node && isNodeUsable(node.version) ? 'ok' : 'off',
      note: node && !isNodeUsable(node.version) ? 'Too old; 20.11 is needed.' : (node?.path ?? ''),
    },
    {
      label: 'Tailnet',
      value: tailscale.addresses[0] ?? (tailscale.installed ? 'not connected' : 'not installed'),
      tone: tailscale.addresses.length > 0 ? 'ok' : 'off',
      note: '',
    },
    clock(skew),
  ];
}

function modelsFinding({ models }: Findings): FindingView {
  const best = fullest(models);
  if (best) return { label: 'Models', value: amountOf(best), tone: 'ok', note: best.path };
  return {
    label: 'Models',
    value: 'none found',
    tone: 'warn',
    note: 'A workshop needs 100 to 150 GB of them. Copy them to the machine; a folder in an unusual place is given under “How ComfyUI runs”.',
  };
}

/** A slow link measures badly; only what is surely off is held against the machine. */
export function isClockOff(skew: ClockSkew | null): boolean {
  return skew !== null && Math.abs(skew.ms) - skew.withinMs > SKEW_MS;
}

function clock(skew: ClockSkew | null): FindingView {
  if (skew === null) return { label: 'Clock', value: 'not known', tone: 'ok', note: '' };
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  const off = isClockOff(skew);
  const within = skew.withinMs >= VAGUE_MS ? ` (± ${seconds(skew.withinMs)} s)` : '';
  return {
    label: 'Clock',
    value: `${seconds(Math.abs(skew.ms))} s ${skew.ms < 0 ? 'behind' : 'ahead'}${within}`,
    tone: off ? 'warn' : 'ok',
    note: off ? 'It is set by time servers when you press “Keep its clock right”.' : '',
  };
}

/**
 * Where finished files will be with the configuration that is planned.
 * @param hasVps whether the workshop has a VPS that participants read them from.
 */
export function describeFiles(files: FinishedFiles, hasVps: boolean): FindingView {
  const label = 'Finished files';
  if (files.on === 'vps') return { label, value: 'go to the VPS', tone: 'ok', note: files.path };
  return {
    label,
    value: 'stay on this machine',
    tone: hasVps ? 'warn' : 'off',
    note: hasVps ? `${files.path}; participants do not see them there.` : files.path,
  };
}

/** @param lock as it stands on the machine: console id, since when in epoch seconds, who. */
function atWork(lock: string): FindingView {
  return {
    label: 'At work',
    value: lock.split('|').slice(2).join('|') || 'another console',
    tone: 'warn',
    note: 'This console is working on the machine. Yours can begin when that one is done, or silent for two minutes.',
  };
}

function sentence(text: string): string {
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`;
}
