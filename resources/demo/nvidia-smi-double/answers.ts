import type { Query } from './arguments.ts';
import { type CardReading, cardBusId, cardUuid, H100, readCard } from './card.ts';
import { type GpuFault, readGpuFault } from './faults.ts';

/** What the command prints on stdout, and the code it ends with unless it goes on looping. */
export interface Answer {
  text: string;
  exitCode: number;
}

interface Field {
  unit?: string;
  /** Identity survives when a card is lost or the driver does not tell. */
  identity?: true;
  value: (card: CardReading) => string;
}

const GPU_FIELDS: Readonly<Record<string, Field>> = {
  timestamp: { identity: true, value: () => timestamp(new Date()) },
  index: { identity: true, value: (card) => String(card.index) },
  count: { identity: true, value: () => '1' },
  uuid: { identity: true, value: (card) => cardUuid(card.index) },
  gpu_uuid: { identity: true, value: (card) => cardUuid(card.index) },
  name: { identity: true, value: () => H100.name },
  gpu_name: { identity: true, value: () => H100.name },
  'pci.bus_id': { identity: true, value: (card) => cardBusId(card.index) },
  gpu_bus_id: { identity: true, value: (card) => cardBusId(card.index) },
  driver_version: { identity: true, value: () => H100.driver },
  'memory.total': { unit: 'MiB', value: () => String(H100.memoryTotalMiB) },
  'memory.reserved': { unit: 'MiB', value: () => String(H100.memoryReservedMiB) },
  'memory.used': { unit: 'MiB', value: (card) => String(card.memoryUsedMiB) },
  'memory.free': { unit: 'MiB', value: (card) => String(card.memoryFreeMiB) },
  'utilization.gpu': { unit: '%', value: (card) => String(card.utilization) },
  'utilization.memory': { unit: '%', value: (card) => String(card.memoryUtilization) },
  'temperature.gpu': { value: (card) => String(card.temperatureC) },
  'power.draw': { unit: 'W', value: (card) => card.powerW.toFixed(2) },
  'power.limit': { unit: 'W', value: () => H100.powerLimitW.toFixed(2) },
  'mig.mode.current': { value: () => 'Disabled' },
  pstate: { value: (card) => (card.utilization > 0 ? 'P0' : 'P8') },
};

const PROCESS_FIELDS: Readonly<Record<string, (card: CardReading, at: number) => string>> = {
  pid: (card, at) => String(card.processes[at]?.pid),
  process_name: () => '/opt/ComfyUI/venv/bin/python3',
  name: () => '/opt/ComfyUI/venv/bin/python3',
  gpu_uuid: (card) => cardUuid(card.index),
  gpu_name: () => H100.name,
  gpu_bus_id: (card) => cardBusId(card.index),
  used_gpu_memory: (card, at) => memoryOf(card, at),
  used_memory: (card, at) => memoryOf(card, at),
};

const NO_DRIVER =
  "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n";
const MISMATCH =
  'Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 570.172\n';

/** Answers one query from the files of the doubles below `root`. */
export function answer(query: Query, root: string, cardCount: number): Answer {
  const fault = readGpuFault(root);
  if (fault.kind === 'no-driver') return { text: NO_DRIVER, exitCode: 9 };
  if (fault.kind === 'mismatch') return { text: MISMATCH, exitCode: 18 };
  const all = Array.from({ length: cardCount }, (_, index) => readCard(root, index));
  const cards = query.ids === undefined ? all : all.filter((card) => isNamed(card, query.ids ?? []));
  if (cards.length === 0) return { text: 'No devices were found\n', exitCode: 6 };
  switch (query.kind) {
    case 'list':
      return lines(cards.map((card) => `GPU ${card.index}: ${H100.name} (UUID: ${cardUuid(card.index)})`));
    case 'gpus':
      return gpuTable(query, cards, fault);
    case 'processes':
      return processTable(query, cards, fault);
  }
}

function gpuTable(query: Query & { kind: 'gpus' }, cards: CardReading[], fault: GpuFault): Answer {
  const unknown = query.fields.find((field) => !(field in GPU_FIELDS));
  if (unknown !== undefined) return unknownField(unknown);
  const cell = (name: string, card: CardReading): string => {
    const field = GPU_FIELDS[name];
    if (!field) return '[N/A]';
    const hidden = hiddenText(name, card, fault);
    if (hidden !== undefined && !field.identity) return hidden;
    const value = field.value(card);
    return query.units && field.unit ? `${value} ${field.unit}` : value;
  };
  const head = query.fields.map((name) => {
    const unit = GPU_FIELDS[name]?.unit;
    return unit ? `${name} [${unit}]` : name;
  });
  const rows = cards.map((card) => query.fields.map((name) => cell(name, card)).join(', '));
  return lines(query.header ? [head.join(', '), ...rows] : rows);
}

function processTable(query: Query & { kind: 'processes' }, cards: CardReading[], fault: GpuFault): Answer {
  const unknown = query.fields.find((field) => !(field in PROCESS_FIELDS));
  if (unknown !== undefined) return unknownField(unknown);
  const isMemory = (name: string) => name === 'used_gpu_memory' || name === 'used_memory';
  const rows = cards
    .filter((card) => !(fault.kind === 'lost' && fault.index === card.index))
    .flatMap((card) =>
      card.processes.map((_, at) =>
        query.fields
          .map((name) => {
            if (isMemory(name) && hiddenText(name, card, fault) !== undefined) return '[N/A]';
            const value = PROCESS_FIELDS[name]?.(card, at) ?? '[N/A]';
            return query.units && isMemory(name) ? `${value} MiB` : value;
          })
          .join(', '),
      ),
    );
  const head = query.fields.map((name) => (isMemory(name) ? `${name} [MiB]` : name));
  return lines(query.header ? [head.join(', '), ...rows] : rows);
}

function hiddenText(name: string, card: CardReading, fault: GpuFault): string | undefined {
  if (fault.kind === 'lost' && fault.index === card.index) return '[GPU is lost]';
  if (fault.kind === 'not-available' && (fault.fields.length === 0 || fault.fields.includes(name)))
    return '[N/A]';
  return undefined;
}

function memoryOf(card: CardReading, at: number): string {
  return String(Math.round((card.processes[at]?.vramBytes ?? 0) / (1024 * 1024)));
}

function unknownField(name: string): Answer {
  return { text: `Field "${name}" is not a valid field to query.\n\n`, exitCode: 2 };
}

function isNamed(card: CardReading, ids: readonly string[]): boolean {
  return [String(card.index), cardUuid(card.index), cardBusId(card.index)].some((name) => ids.includes(name));
}

function lines(rows: string[]): Answer {
  return { text: rows.map((row) => `${row}\n`).join(''), exitCode: 0 };
}

function timestamp(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}/${two(at.getMonth() + 1)}/${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${time}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
