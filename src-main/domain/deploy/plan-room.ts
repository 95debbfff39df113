import type { PlanStep } from './deploy-view.ts';
import { type Findings, SILENT_MOUNT_REMEDY, silentMountName, silentMountOf } from './findings.ts';
import { amountOf } from './models.ts';
import { blocked, step, type Wanted, warned } from './plan-step.ts';

/** What ComfyUI needs on the disk besides the agent: its image, and the models. */

const GIB = 1024;
/** Python, torch and its CUDA libraries, unpacked: without that much no image of ComfyUI comes to be, MiB. */
const IMAGE_LEAST_MIB = 12 * GIB;
/** With what is downloaded on the way, as the agent's doctor has it, MiB. */
const IMAGE_WELL_MIB = 40 * GIB;
/** The deployment guide, step 3: "100–150 GB storage needed". */
const MODELS_WELL_MIB = 100 * GIB;

/** Room for the image of ComfyUI where Docker keeps images; nothing to ask where it is there already. */
export function imageRoom(found: Findings, wanted: Wanted): PlanStep {
  const { images, disk } = found.docker;
  const title = 'Room for ComfyUI';
  if (wanted.image !== null && images.includes(tagged(wanted.image)))
    return step('room', title, { state: 'done', why: `Its image ${wanted.image} is there.` });
  if (disk === null) return step('room', title, { state: 'done', why: 'How much is free is not known.' });
  const free = `${Math.floor(disk.freeMiB / GIB)} GiB are free where Docker keeps images (${disk.path})`;
  const remedy =
    'Make room there (docker system df shows what Docker holds), rent the machine with a larger disk, or have Docker keep its images on another one; then look again.';
  if (disk.freeMiB < IMAGE_LEAST_MIB)
    return step('room', title, {
      ...blocked(
        'HOST_DISK_FULL',
        `Only ${free}; the image of ComfyUI needs ${IMAGE_LEAST_MIB / GIB} at the least.`,
        remedy,
      ),
      skippable: true,
    });
  if (disk.freeMiB < IMAGE_WELL_MIB)
    return step(
      'room',
      title,
      warned(
        'HOST_DISK_FULL',
        `${free}; making the image of ComfyUI may take up to ${IMAGE_WELL_MIB / GIB} for a while.`,
        remedy,
      ),
    );
  return step('room', title, { state: 'done', why: `${free}.` });
}

/** As Docker lists it. */
function tagged(image: string): string {
  return /:[^/]*$/.test(image) ? image : `${image}:latest`;
}

/** Whether workers will find models. Without any they start, report, and every job fails. */
export function models(found: Findings, wanted: Wanted): PlanStep {
  const title = 'Models';
  const { modelsPath: path } = wanted;
  const [any] = found.models;
  const then =
    'Copy the models to the machine, give their folder under “How ComfyUI runs”, then deploy again. Until then jobs fail with missing files.';
  if (path === null && wanted.runtime === 'process')
    return step('models', title, {
      state: 'done',
      why: 'The command that starts ComfyUI says where they are.',
    });
  if (path === null)
    return step(
      'models',
      title,
      warned(
        'HOST_FILE',
        `No folder with models is given${any ? `, and none that was found holds any (${any.path})` : ' and none was found'}, so ComfyUI has only what its image brings.`,
        then,
      ),
    );
  const silent = silentMountOf(found, path);
  if (silent)
    return step(
      'models',
      title,
      warned(
        'HOST_FILE',
        `The models are in ${path}, on ${silentMountName(silent)}, which does not answer: workers would hang on them.`,
        SILENT_MOUNT_REMEDY,
      ),
    );
  const folder = found.models.find((one) => one.path === path || one.path === `${path}/shared`);
  if (!folder || folder.files === 0)
    return step(
      'models',
      title,
      warned('HOST_FILE', `There are no model files in ${path}${roomIn(folder?.freeMiB)}.`, then),
    );
  return step('models', title, { state: 'done', why: `${amountOf(folder)} in ${folder.path}.` });
}

/** Said where models are still to come. */
function roomIn(freeMiB: number | null | undefined): string {
  if (freeMiB === null || freeMiB === undefined || freeMiB >= MODELS_WELL_MIB) return '';
  return `, and ${Math.floor(freeMiB / GIB)} GiB are free on its disk, where those of a workshop take 100 to 150 GB`;
}
