import { execFile } from 'node:child_process';
import { access, constants, mkdir, readdir, statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { GPU_FIELDS, parseGpuLine } from '../../contract/nvidia-smi-text.ts';
import { leftProcesses } from '../../runtime/pid-file.ts';
import { lookAtComfy } from '../../runtime/readiness.ts';
import type { AgentConfig } from '../config.ts';
import { findRunningAgent } from '../instance-lock.ts';
import { findPlatformWorkers, platformWorkerError } from '../platform-worker.ts';
import type { Finding } from './finding.ts';

const LITTLE_SPACE_GIB = 20;
const SMI_TIMEOUT_MS = 10_000;

/** nvidia-smi: there, answering, and which cards it shows. */
export async function checkGpu(config: AgentConfig): Promise<Finding[]> {
  const [file = 'nvidia-smi', ...leading] = config.nvidiaSmi;
  const args = [...leading, `--query-gpu=${GPU_FIELDS.join(',')}`, '--format=csv,noheader,nounits'];
  const answer = await new Promise<{ text: string; failed: boolean }>((resolve) => {
    execFile(file, args, { timeout: SMI_TIMEOUT_MS }, (failure, stdout) =>
      resolve({ text: failure ? stdout.trim() || failure.message : stdout, failed: failure !== null }),
    );
  });
  const gpus = answer.text.split('\n').flatMap((line) => parseGpuLine(line) ?? []);
  if (answer.failed || gpus.length === 0)
    return [
      {
        name: 'GPU',
        outcome: 'warn',
        detail: `${file} does not tell of any GPU: ${answer.text.slice(0, 200) || 'no answer'}`,
        fix: 'Install the NVIDIA driver or correct NVIDIA_SMI; jobs run without it, only the figures are missing.',
      },
    ];
  return [
    ...gpus.map(
      (gpu): Finding => ({
        name: `GPU ${gpu.index}`,
        outcome: 'ok',
        detail: `${gpu.name ?? 'unnamed'}, ${gpu.memoryTotalMiB ?? '?'} MiB`,
      }),
    ),
    ...checkGpuIds(config, gpus),
  ];
}

/** Several cards and nobody said who gets which: ComfyUI then computes on the first of them. */
function checkGpuIds(
  config: AgentConfig,
  gpus: readonly { index: number; uuid: string | null }[],
): Finding[] {
  const { gpuIds, runtime } = config;
  if (runtime.kind === 'external') return [];
  if (gpuIds.length === 0)
    return gpus.length < 2
      ? []
      : [
          {
            name: 'GPU_IDS',
            outcome: 'warn',
            detail: `${gpus.length} cards and no GPU_IDS: every worker computes on the first`,
            fix: `Set GPU_IDS=${gpus.map(({ index }) => index).join(',')}.`,
          },
        ];
  const unknown = gpuIds.filter(
    (id) => !/^MIG-|:/.test(id) && !gpus.some(({ index, uuid }) => String(index) === id || uuid === id),
  );
  return unknown.length === 0
    ? [{ name: 'GPU_IDS', outcome: 'ok', detail: gpuIds.join(', ') }]
    : [
        {
          name: 'GPU_IDS',
          outcome: 'fail',
          detail: `this machine has no card ${unknown.join(', ')}`,
          fix: 'Compare with the output of: nvidia-smi -L',
        },
      ];
}

/** The ComfyUI servers, as far as they run without the agent; the command, where the agent starts them. */
export async function checkComfy(config: AgentConfig): Promise<Finding[]> {
  const { runtime } = config;
  if (runtime.kind === 'process') {
    const [command = ''] = runtime.command;
    const found = await isExecutable(command);
    return [
      {
        name: 'ComfyUI command',
        outcome: found ? 'ok' : 'fail',
        detail: found ? command : `${command} is not there or may not be executed`,
        fix: found ? undefined : 'Correct COMFYUI_COMMAND.',
      },
    ];
  }
  if (runtime.kind === 'compose') return [];
  return Promise.all(
    runtime.urls.map(async (url): Promise<Finding> => {
      const look = await lookAtComfy(url, new AbortController().signal);
      return look.kind === 'answers'
        ? { name: 'ComfyUI', outcome: 'ok', detail: `${url} answers` }
        : {
            name: 'ComfyUI',
            outcome: 'fail',
            detail: `${url}: ${look.why}`,
            fix: 'Start ComfyUI there or correct COMFYUI_URLS.',
          };
    }),
  );
}

/** Folders the agent writes to: rights and space. */
export async function checkFolders(config: AgentConfig): Promise<Finding[]> {
  return [
    await checkFolder('state folder', config.stateDir),
    ...(config.outputsPath === null ? [] : [await checkFolder('outputs folder', config.outputsPath)]),
  ];
}

async function checkFolder(name: string, path: string): Promise<Finding> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
    const { bavail, bsize } = await statfs(path);
    const free = (bavail * bsize) / 1024 ** 3;
    const little = free < LITTLE_SPACE_GIB;
    return {
      name,
      outcome: little ? 'warn' : 'ok',
      detail: `${path}, ${free.toFixed(0)} GiB free`,
      fix: little ? 'Make room: videos fill a disk quickly.' : undefined,
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return {
      name,
      outcome: 'fail',
      detail: `${path}: ${why}`,
      fix: 'Create it and let this user write to it.',
    };
  }
}

/** Whether an agent runs on this state folder, and what an earlier one left in it. */
export async function checkAgentProcess(config: AgentConfig): Promise<Finding[]> {
  const pid = findRunningAgent(config.stateDir);
  const agent: Finding =
    pid === undefined
      ? {
          name: 'agent',
          outcome: 'warn',
          detail: 'does not run here now',
          fix: 'Press Deploy on the console’s Hosts screen, which starts it; or here: systemctl start worker-agent, or worker-agent run.',
        }
      : { name: 'agent', outcome: 'ok', detail: `runs as process ${pid}` };
  const findings = [agent];
  const names = await readdir(join(config.stateDir, 'spool')).catch(() => []);
  const waiting = names.filter((name) => name.endsWith('.json'));
  if (waiting.length > 0)
    findings.push({
      name: 'results on disk',
      outcome: 'warn',
      detail: `${waiting.length} wait for Redis`,
      fix:
        pid === undefined
          ? 'Start the agent: it settles them first.'
          : 'They are settled once Redis is back.',
    });
  const left = pid === undefined ? leftProcesses(config.stateDir) : [];
  if (left.length > 0)
    findings.push({
      name: 'ComfyUI processes',
      outcome: 'warn',
      detail: `${left.map((process) => `${process.workerId} (process ${process.pid})`).join(', ')} outlived their agent and hold their VRAM`,
      fix: `Start the agent, which takes them over, or end them: kill ${left.map((process) => process.pid).join(' ')}`,
    });
  return findings;
}

/** The platform's own worker must not run beside the agent (contract 8.23). */
export async function checkPlatformWorker(config: AgentConfig): Promise<Finding[]> {
  const pids = await findPlatformWorkers();
  const name = "platform's worker.py";
  if (pids.length === 0) return [{ name, outcome: 'ok', detail: 'does not run here' }];
  const { message, remedy } = platformWorkerError(pids);
  return [{ name, outcome: config.allowPlatformWorker ? 'warn' : 'fail', detail: message, fix: remedy }];
}

async function isExecutable(command: string): Promise<boolean> {
  const candidates = command.includes('/')
    ? [command]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, command));
  for (const path of candidates)
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return true;
  return false;
}
