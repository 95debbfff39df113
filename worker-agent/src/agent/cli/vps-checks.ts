import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lookAtVps } from '../../outputs/look-at-vps.ts';
import type { AgentConfig } from '../config.ts';
import type { Finding } from './finding.ts';

const LOOK_LIMIT_MS = 20_000;
const LITTLE_SPACE_GIB = 20;

/** The way to users' files on the VPS: host key, login, folders, rights, space; and what still waits for it here. */
export async function checkVps(config: AgentConfig): Promise<Finding[]> {
  const { vps } = config;
  const findings = await checkOutbox(config);
  if (vps === null) return findings;
  const { connection, outputs, inputs } = await lookAtVps(vps, LOOK_LIMIT_MS);
  const name = `${vps.user}@${vps.host}:${vps.port}`;
  if (connection)
    return [
      { name: 'VPS', outcome: 'fail', detail: connection.message, fix: connection.remedy },
      ...findings,
    ];
  findings.unshift({ name: 'VPS', outcome: 'ok', detail: `${name} answers with the known host key` });
  if (outputs) {
    const free = outputs.freeBytes === null ? null : outputs.freeBytes / 1024 ** 3;
    const little = free !== null && free < LITTLE_SPACE_GIB;
    findings.push({
      name: 'outputs on the VPS',
      outcome: outputs.failure ? 'fail' : little ? 'warn' : 'ok',
      detail:
        outputs.failure?.message ??
        `${vps.outputsPath} can be written to${free === null ? '' : `, ${free.toFixed(0)} GiB free`}`,
      fix:
        outputs.failure?.remedy ?? (little ? 'Make room on the VPS: videos fill a disk quickly.' : undefined),
    });
  }
  if (inputs)
    findings.push({
      name: 'inputs on the VPS',
      outcome: inputs.failure ? 'fail' : 'ok',
      detail: inputs.failure?.message ?? `${vps.inputsPath} is there`,
      fix: inputs.failure?.remedy,
    });
  return findings;
}

async function checkOutbox({ stateDir, vps }: AgentConfig): Promise<Finding[]> {
  const folder = join(stateDir, 'outbox');
  const jobs = await readdir(folder).catch(() => []);
  if (jobs.length === 0) return [];
  return [
    {
      name: 'outbox',
      outcome: 'warn',
      detail: `the outputs of ${jobs.length} jobs wait in ${folder} for the VPS`,
      fix:
        vps?.outputsPath == null
          ? 'Set the VPS_ keys again and start the agent: nothing else delivers them.'
          : 'They leave while the agent runs; do not give up this machine before.',
    },
  ];
}
