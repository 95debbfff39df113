/**
 * Why a job failed, read off its error text: the agent's own sentences, those of the platform's worker, and what
 * ComfyUI says by itself. Jobs with the same cause and `about` have the same remedy, so they are mended in one go.
 */
export interface Failure {
  cause: FailureCause;
  /** What exactly: a model file, a node type; null where the cause says it all. At most 200 characters, from outside. */
  about: string | null;
}

/** In words, and the step that mends it. The order is that of the reading: the first that fits counts. */
export const FAILURE_CAUSES = {
  'missing-model': {
    name: 'missing model',
    means: 'A model file that the workflow names is not on the GPU host.',
    step: 'Install the model file on the GPU host, then requeue these jobs.',
  },
  'missing-node': {
    name: 'missing node',
    means: 'The workflow uses a node type that is not installed on the GPU host.',
    step: 'Install the custom node pack on the GPU host and restart the workers, then requeue these jobs.',
  },
  'editor-format': {
    name: 'editor format',
    means: 'The workflow was submitted in the format of the ComfyUI editor, which only the editor can run.',
    step: 'Ask for Workflow, Export (API) in ComfyUI and a new submission; requeueing does not help.',
  },
  'gpu-memory': {
    name: 'GPU memory',
    means: 'The GPU ran out of memory.',
    step: 'Run fewer workers on this card and requeue, or ask for a smaller size, fewer frames or a smaller model.',
  },
  memory: {
    name: 'main memory',
    means: 'The ComfyUI server ran out of main memory.',
    step: "Run fewer workers on this host or raise the container's memory limit, then requeue.",
  },
  timeout: {
    name: 'timeout',
    means: 'The job ran longer than a job may.',
    step: 'Ask for fewer frames, steps or pixels, or raise JOB_TIMEOUT and requeue.',
  },
  interrupted: {
    name: 'interrupted',
    means: 'Somebody interrupted the job at the ComfyUI server itself.',
    step: 'Requeue it if that was not meant.',
  },
  'server-died': {
    name: 'ComfyUI stopped',
    means: 'ComfyUI stopped or hung in the middle of the job, more than once.',
    step: 'Look at the log of that worker; requeue the job alone, with fewer workers beside it.',
  },
  'disk-full': {
    name: 'disk full',
    means: 'The disk of the GPU host is full.',
    step: 'Delete old outputs or unused models on the GPU host, then requeue.',
  },
  'damaged-model': {
    name: 'damaged model',
    means: 'A model file on the GPU host is damaged or was not downloaded to its end.',
    step: 'Download that model file again, then requeue.',
  },
  mismatch: {
    name: 'models do not fit',
    means: 'Parts of the workflow do not fit together, most often models of different families.',
    step: 'Ask for model, text encoder, VAE and LoRA of one family; requeueing does not help.',
  },
  'gpu-fault': {
    name: 'GPU fault',
    means: 'The GPU or its driver reported an error.',
    step: "Restart the worker and requeue; if it comes back, look at the GPU host's driver.",
  },
  'missing-input': {
    name: 'missing input',
    means: 'An input file that the workflow reads is not on the GPU host.',
    step: 'Ask for the input file to be uploaded again, then requeue.',
  },
  delivery: {
    name: 'delivery',
    means: 'The result was made, but its files could not be delivered.',
    step: 'Look at the disk and the SSH link of the VPS, then requeue.',
  },
  refused: {
    name: 'refused',
    means: 'ComfyUI refuses the workflow: an input, a value or a connection is wrong.',
    step: 'Correct the named inputs in the workflow and submit again; requeueing does not help.',
  },
  node: {
    name: 'node failed',
    means: 'A node of the workflow failed.',
    step: 'Change the workflow at this node, or ask whoever wrote it.',
  },
  unreadable: {
    name: 'unreadable',
    means: 'The job cannot be read, so no worker took it.',
    step: 'Ask for a new submission; the text stays in Redis for whoever looks into it.',
  },
  unknown: {
    name: 'unknown',
    means: 'The error is none that the console knows.',
    step: 'Read the original error; if it names nothing to change, requeue one job and watch the worker’s log.',
  },
} as const;

export type FailureCause = keyof typeof FAILURE_CAUSES;

const MODEL = String.raw`[^"'\n]{1,300}\.(?:safetensors|ckpt|pt|pth|bin|gguf|sft|onnx)`;

const PATTERNS: readonly [FailureCause, RegExp][] = [
  ['missing-model', new RegExp(`needs "(${MODEL})" as `)],
  ['missing-model', new RegExp(`'(${MODEL})' not in`, 'i')],
  [
    'missing-node',
    /(?:Node \S{1,40} \((.{1,200}?)\)|A (\S{1,200}) node|A node) is of a type that is not installed/,
  ],
  ['missing-node', /node (\S{1,200}) does not exist/],
  ['editor-format', /format of the ComfyUI editor|editor format/],
  // Before memory of other kinds: the sentence about a server that died may guess at memory too.
  ['server-died', /stopped in the middle of (?:this|the) job|no longer makes progress/],
  ['memory', /out of main memory|container ran out of memory|\bMemoryError\b|annot allocate memory/],
  ['gpu-memory', /GPU ran out of memory|OutOfMemoryError|out of memory|Allocation on device/i],
  ['timeout', /ran longer than|Job timeout exceeded|timed out/i],
  ['interrupted', /was interrupted/i],
  ['disk-full', /disk .{0,60}is full|No space left on device/i],
  ['damaged-model', /damaged or was not downloaded|HeaderTooLarge|HeaderTooSmall|MetadataIncompleteBuffer/],
  ['mismatch', /do not fit together|shapes cannot be multiplied|size mismatch/],
  ['gpu-fault', /GPU or its driver reported an error|CUDA error|illegal memory access/],
  ['missing-input', /a file that it needs is not|Invalid image file|input file|FileNotFoundError/],
  ['delivery', /could not be delivered|output files?\b.{0,80}(?:missing|not)/i],
  [
    'refused',
    /refuses the workflow|Correct the named inputs|could not read the workflow|workflow (?:is empty|cannot be read|has no output)|is no node: it has|failed validation|required input is missing/i,
  ],
  ['node', /Node \S{1,40} \((.{1,200}?)\) failed/],
  ['node', /A (\S{1,200}) node failed|Node \S{1,40} failed/],
  [
    'unreadable',
    /job key is|record is missing|not valid UTF-8|job cannot be read|its \w+ is wrong|has no workflow/,
  ],
];

/** Which cause an error text tells of. @param error the job's own `error`; its first 500 characters are enough. */
export function causeOfFailure(error: string | null): Failure {
  const text = (error ?? '').slice(0, 4000);
  for (const [cause, pattern] of PATTERNS) {
    const found = pattern.exec(text);
    if (!found) continue;
    const about = found.slice(1).find((part) => part !== undefined);
    return { cause, about: about === undefined ? null : about.slice(0, 200) };
  }
  return { cause: 'unknown', about: null };
}

/** Equal for failures that are mended in one go. */
export const failureKey = ({ cause, about }: Failure): string =>
  about === null ? cause : `${cause}:${about}`;
