import { formatPythonIso } from '../contract/job.ts';
import type { Delivery } from '../outputs/roles.ts';

/** Text outputs beyond this are left out of the job: every list of the platform loads whole jobs (contract 1.3). */
const MAX_OUTPUTS_BYTES = 256 * 1024;

export interface ResultParts {
  promptId: string;
  /** `outputs` of the history entry. */
  outputs: Record<string, unknown>;
  delivery: Delivery;
  executionSeconds: number;
  /** The time in which nothing else could run on its worker, Redis time, epoch microseconds; null = not known. */
  computed: { fromMicros: number; untilMicros: number } | null;
  warnings: readonly string[];
  /** Redis time, epoch microseconds. */
  nowMicros: number;
}

/**
 * The result object that the platform expects to see (contract 2.2), its file items pointing at the delivered files.
 * `computed_from` and `computed_until` are ours: a job's own dates cover waiting for memory and bringing files away.
 */
export function buildResult(parts: ResultParts): Record<string, unknown> {
  const warnings = [...parts.warnings];
  let outputs = relocate(parts.outputs, parts.delivery);
  if (JSON.stringify(outputs).length > MAX_OUTPUTS_BYTES) {
    outputs = filesOnly(outputs);
    warnings.push('The outputs hold more text than a job may keep; only the files are listed.');
  }
  return {
    prompt_id: parts.promptId,
    status: 'completed',
    outputs,
    execution_time: Math.round(parts.executionSeconds * 1000) / 1000,
    ...(parts.computed && {
      computed_from: formatPythonIso(parts.computed.fromMicros),
      computed_until: formatPythonIso(parts.computed.untilMicros),
    }),
    output_path: parts.delivery.outputPath,
    timestamp: formatPythonIso(parts.nowMicros),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

function relocate(outputs: Record<string, unknown>, delivery: Delivery): Record<string, unknown> {
  const places = new Map(
    delivery.files.map((file) => [`${file.source.subfolder}\u0000${file.source.filename}`, file]),
  );
  // What a node says under `result` is a bare path (contract 5.6).
  const paths = new Map(
    delivery.files.flatMap((file) => {
      const { group, subfolder, filename } = file.source;
      const path = subfolder === '' ? filename : `${subfolder}/${filename}`;
      return group === 'result' ? [[path, `${file.subfolder}/${file.filename}`] as const] : [];
    }),
  );
  return mapItems(outputs, (item) => {
    if (typeof item === 'string') return paths.get(item) ?? item;
    if (!isFileItem(item) || (item.type ?? 'output') !== 'output') return item;
    const place = places.get(`${item.subfolder ?? ''}\u0000${item.filename}`);
    return place ? { ...item, subfolder: place.subfolder, filename: place.filename } : item;
  });
}

/** Applies `change` to every item of every group of every node; the rest stays as it is. */
function mapItems(
  outputs: Record<string, unknown>,
  change: (item: unknown) => unknown,
): Record<string, unknown> {
  return mapValues(outputs, (node) =>
    isRecord(node)
      ? mapValues(node, (group) =>
          Array.isArray(group) ? group.map((item: unknown) => change(item)) : group,
        )
      : node,
  );
}

function filesOnly(outputs: Record<string, unknown>): Record<string, unknown> {
  return mapValues(outputs, (node) =>
    isRecord(node)
      ? Object.fromEntries(
          Object.entries(node).flatMap(([name, group]) => {
            const files = Array.isArray(group) ? group.filter(isFileItem).slice(0, 500) : [];
            return files.length > 0 ? [[name, files]] : [];
          }),
        )
      : {},
  );
}

function mapValues(
  record: Record<string, unknown>,
  map: (value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFileItem(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && typeof value.filename === 'string';
}
