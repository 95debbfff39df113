import { type ErrorInfo, WorkshopError } from '../contract/errors.ts';
import type { WorkflowText } from '../contract/workflow-text.ts';

/** Sentences with which a job fails; they end in the job's `error`, where the participant reads them. */

export function errorText(error: Pick<ErrorInfo, 'message' | 'remedy'>): string {
  return error.remedy ? `${error.message} ${error.remedy}` : error.message;
}

export function unusableWorkflow(workflow: Exclude<WorkflowText, { kind: 'api' }>): ErrorInfo {
  switch (workflow.kind) {
    case 'ui':
      return new WorkshopError(
        'WORKFLOW_UI_FORMAT',
        'The workflow is in the format of the ComfyUI editor, which only the editor itself can run.',
        { remedy: 'In ComfyUI choose Workflow, then Export (API), and submit that file.' },
      ).toInfo();
    case 'empty':
      return new WorkshopError('WORKFLOW_REFUSED', 'The workflow is empty.', {
        remedy: 'Put nodes on the canvas, among them one that saves something, and submit again.',
      }).toInfo();
    case 'invalid':
      return new WorkshopError('WORKFLOW_REFUSED', `The workflow cannot be read: ${workflow.reason}.`, {
        remedy: 'Export it from ComfyUI in API format (Workflow, Export (API)) and submit again.',
      }).toInfo();
  }
}

export function timedOut(timeoutMs: number): ErrorInfo {
  return new WorkshopError(
    'JOB_TIMEOUT',
    `The job was stopped because it ran longer than ${Math.round(timeoutMs / 1000)} s.`,
    { remedy: 'Make it smaller (fewer frames, steps or pixels), or ask the host to raise JOB_TIMEOUT.' },
  ).toInfo();
}

export function interruptedElsewhere(): ErrorInfo {
  return new WorkshopError('NODE_FAILED', 'The job was interrupted at the ComfyUI server itself.', {
    remedy: 'Submit it again if that was not meant.',
  }).toInfo();
}

/** After the last attempt that ended because the server went away. */
export function serverDiedTooOften(attempts: number, last: ErrorInfo): ErrorInfo {
  return new WorkshopError(
    'COMFY_DIED',
    `ComfyUI stopped in the middle of this job ${attempts === 2 ? 'twice' : `${attempts} times`}; it is not tried again. Last: ${last.message}`,
    { remedy: 'The job may need more memory than the machine has; make it smaller or ask the host.' },
  ).toInfo();
}

const ASKED = /allocate\s+(([\d.]+)\s*([KMGT])i?B)/i;

/** What an out-of-memory message says was asked for in vain, MiB; null when it does not say. */
export function askedMiB(message: string): number | null {
  const [, , figure, unit = ''] = ASKED.exec(message) ?? [];
  if (figure === undefined) return null;
  return Number(figure) * 1024 ** ('KMGT'.indexOf(unit.toUpperCase()) - 1);
}

/**
 * After a retry on an emptied card failed as well. `needMiB` is what the kind of job was seen to need, null when it
 * never ran through.
 */
export function outOfVram(
  error: ErrorInfo,
  card: { totalMiB: number | null; freeMiB: number | null; needMiB: number | null; cardName: string | null },
): ErrorInfo {
  const asked = ASKED.exec(error.message)?.[1];
  const gib = (mib: number) => `${(mib / 1024).toFixed(1)} GiB`;
  const need = card.needMiB === null ? '' : ` This kind of job needs ${gib(card.needMiB)} or more.`;
  const name = card.cardName === null ? '' : ` (${card.cardName})`;
  const size = card.totalMiB === null ? '' : ` The card has ${gib(card.totalMiB)}${name}`;
  const free = size === '' || card.freeMiB === null ? '' : `, of which ${gib(card.freeMiB)} are free`;
  return new WorkshopError(
    'OUT_OF_VRAM',
    `The GPU ran out of memory, also after all models had been unloaded.` +
      `${asked ? ` It asked for another ${asked}.` : ''}${need}${size}${free}${size === '' ? '' : '.'}`,
    { remedy: 'Use a smaller size, fewer frames or a smaller model, or ask the host to run fewer workers.' },
  ).toInfo();
}
