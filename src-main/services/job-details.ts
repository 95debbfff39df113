import { z } from 'zod';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { MAX_ERROR_LENGTH } from '../../worker-agent/src/contract/job.ts';
import { readWorkflowText } from '../../worker-agent/src/contract/workflow-text.ts';
import type {
  FilePart,
  JobsService,
  NoFile,
  OutputFile,
  OutputPreview,
  OutputsFrom,
} from '../api/roles/jobs.ts';
import { mediaTypeOf } from '../domain/media-type.ts';
import type { JobLookup, JobRecord, OutputFiles, OutputPlace, OutputPlaces } from './roles.ts';

export interface JobDetailsNeeds {
  lookup(): JobLookup;
  places: OutputPlaces;
}

/** Files that a drawer lists. */
const FILES_LISTED = 200;
/** Largest file that is fetched for a look, bytes: it travels whole over a hotel's link. */
const PREVIEW_BYTES = 24 * 1024 * 1024;
/** Largest file that is handed over for saving: it stands in the memory of the page. Bytes, also of each piece. */
const SAVE_BYTES = 1024 ** 3;
const PART_BYTES = 4 * 1024 * 1024;
/** Prompt texts shown, and the longest of them, characters. */
const TEXTS = 50;
const TEXT_CHARS = 20_000;

const itemSchema = z.looseObject({
  filename: z.string().min(1).max(1000),
  subfolder: z.string().max(1000).catch(''),
  type: z.string().catch('output'),
});
const resultSchema = z.looseObject({
  outputs: z.record(z.string(), z.record(z.string(), z.unknown()).catch({})).catch({}),
  execution_time: z.number().nullable().catch(null),
  warnings: z.array(z.string().max(10_000)).catch([]),
});

interface ListedFile extends OutputFile {
  path: string;
}

/** What a person may look at of one job. Prompts and files are only fetched when somebody asks for them. */
export function createJobDetails({
  lookup,
  places,
}: JobDetailsNeeds): Pick<JobsService, 'detail' | 'prompts' | 'preview' | 'filePart'> {
  const known = async (jobId: string): Promise<JobRecord> => {
    const record = await lookup().record(jobId);
    if (record) return record;
    throw new WorkshopError('NOT_FOUND', 'This job no longer exists in Redis.', {
      remedy: 'It was cancelled or removed meanwhile; nothing is left to show.',
    });
  };
  const placeOf = ({ fields, claim }: JobRecord): Promise<OutputPlace> =>
    places.of({ hostId: claim.hostId, workerId: fields?.worker_id ?? claim.workerId });
  /** What `read` makes of one of the files that `detail` lists. */
  const fetched = async <T>(
    { jobId, index }: { jobId: string; index: number },
    read: (files: OutputFiles, path: string) => Promise<T | undefined>,
  ): Promise<T | NoFile> => {
    const record = await known(jobId);
    const place = await placeOf(record);
    if (place.kind === 'no-way') return place;
    const file = filesOf(record.fields?.result)[index];
    // Previews of a node stay on the GPU host and vanish with its server.
    const found = file && !file.temporary ? await read(place.files, file.path) : undefined;
    return found ?? { kind: 'missing', late: place.late };
  };

  return {
    async detail({ jobId }) {
      const record = await known(jobId);
      const { fields, reason, traits, claim } = record;
      const result = resultSchema.safeParse(fields?.result ?? {}).data;
      const files = filesOf(fields?.result);
      return {
        error: fields ? (fields.error?.slice(0, MAX_ERROR_LENGTH).toWellFormed() ?? null) : reason,
        attempt: claim.attempt,
        hostId: claim.hostId,
        givenBack: claim.reason,
        nodeTypes: [...traits.classTypes],
        models: [...traits.models],
        sizes: [...traits.sizes],
        warnings: result?.warnings.slice(0, 20) ?? [],
        outputs: files.slice(0, FILES_LISTED).map(({ path: _path, ...file }) => file),
        moreOutputs: Math.max(0, files.length - FILES_LISTED),
        executionSeconds: result?.execution_time ?? null,
        outputsFrom: fromOf(await placeOf(record)),
      };
    },

    async prompts({ jobId }) {
      const bytes = await lookup().workflow(jobId);
      if (!bytes) await known(jobId);
      const workflow = bytes ? readWorkflowText(bytes) : undefined;
      if (workflow?.kind !== 'api') return [];
      return Object.entries(workflow.nodes)
        .flatMap(([nodeId, node]) =>
          Object.entries(node.inputs).flatMap(([input, value]) =>
            typeof value === 'string' && isProse(input, value)
              ? [{ nodeId, nodeType: node.class_type.slice(0, 200), input, text: value.slice(0, TEXT_CHARS) }]
              : [],
          ),
        )
        .slice(0, TEXTS);
    },

    preview: (input) =>
      fetched(input, async (files, path): Promise<OutputPreview | undefined> => {
        const found = await files.read(path, PREVIEW_BYTES);
        if (!found) return undefined;
        if (!found.bytes) return { kind: 'too-large', bytes: found.size, most: PREVIEW_BYTES };
        const media = mediaTypeOf(found.bytes);
        if (!media) return { kind: 'no-picture', bytes: found.size };
        return { ...media, base64: Buffer.from(found.bytes).toString('base64'), bytes: found.size };
      }),

    filePart: (input) =>
      fetched(input, async (files, path): Promise<FilePart | undefined> => {
        const found = await files.part(path, input.from, PART_BYTES);
        if (!found) return undefined;
        const { size, bytes } = found;
        if (size > SAVE_BYTES) return { kind: 'too-large', bytes: size, most: SAVE_BYTES };
        const next = input.from + bytes.length;
        const isLast = bytes.length === 0 || next >= size;
        return {
          ...{ kind: 'part', size, base64: Buffer.from(bytes).toString('base64') },
          next: isLast ? null : next,
        };
      }),
  };
}

function fromOf(place: OutputPlace): OutputsFrom {
  if (place.kind === 'no-way') return place;
  const { kind, label, machineId } = place;
  return { kind, label, machineId };
}

/** Every file that a result names, in its order; each once. */
function filesOf(result: unknown): ListedFile[] {
  const parsed = resultSchema.safeParse(result ?? {});
  const files = new Map<string, ListedFile>();
  for (const [nodeId, groups] of Object.entries(parsed.data?.outputs ?? {}))
    for (const group of Object.values(groups)) {
      if (!Array.isArray(group)) continue;
      for (const each of group) {
        const item = itemSchema.safeParse(each);
        if (!item.success) continue;
        const { filename: name, subfolder, type } = item.data;
        const path = subfolder === '' ? name : `${subfolder}/${name}`;
        const temporary = type === 'temp';
        files.set(`${type}/${path}`, { name, path, nodeId, temporary, media: mediaOfName(name) });
      }
    }
  return [...files.values()];
}

function mediaOfName(name: string): OutputFile['media'] {
  if (/\.(png|jpe?g|webp|gif|avif)$/i.test(name)) return 'image';
  if (/\.(mp4|webm|mov|mkv)$/i.test(name)) return 'video';
  return /\.(wav|flac|mp3|opus|ogg)$/i.test(name) ? 'audio' : 'other';
}

/** What a person wrote, as far as that can be told: known names of prompt inputs, or a text of several words. */
function isProse(input: string, value: string): boolean {
  if (value.trim() === '') return false;
  return /^(text|prompt|positive|negative|caption|lyrics|tags)/i.test(input) || /\S\s+\S+\s+\S/.test(value);
}
