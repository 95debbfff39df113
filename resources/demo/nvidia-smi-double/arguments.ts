/** One request to nvidia-smi, as far as the double knows it. */
export type Query = QueryShape & {
  /** `--id=`: indexes, UUIDs or bus ids; undefined = every card. */
  ids?: string[];
  /** Repeat after this many ms; undefined = answer once. */
  loopMs?: number;
};
type QueryShape =
  | { kind: 'list' }
  | { kind: 'gpus'; fields: string[]; header: boolean; units: boolean }
  | { kind: 'processes'; fields: string[]; header: boolean; units: boolean };

export type ParsedArguments =
  | { kind: 'query'; query: Query }
  | { kind: 'refused'; text: string; exitCode: number };

const WITH_VALUE: Readonly<Record<string, string>> = {
  '-i': '--id',
  '-l': '--loop',
  '-lms': '--loop-ms',
};

/** Reads the arguments as nvidia-smi does: `--name=value`, or a short name with the value behind it. */
export function parseArguments(argv: readonly string[]): ParsedArguments {
  const options = new Map<string, string>();
  for (let at = 0; at < argv.length; at += 1) {
    const argument = argv[at] ?? '';
    const long = WITH_VALUE[argument];
    const equals = argument.indexOf('=');
    if (long !== undefined) {
      options.set(long, argv[at + 1] ?? '');
      at += 1;
    } else if (equals > 0) options.set(argument.slice(0, equals), argument.slice(equals + 1));
    else options.set(argument, '');
  }
  const query = shapeOf(options);
  if (query === undefined) {
    const unknown = argv.find((argument) => argument.startsWith('-')) ?? '';
    return { kind: 'refused', text: `Invalid combination of input arguments: ${unknown}\n`, exitCode: 1 };
  }
  if (query.kind !== 'list' && !/(^|,)csv(,|$)/.test(options.get('--format') ?? '')) {
    const text = '"--format=" switch is missing. Currently supported format: "csv"\n';
    return { kind: 'refused', text, exitCode: 1 };
  }
  const loop = loopOf(options);
  const ids = options.get('--id')?.split(',');
  return { kind: 'query', query: { ...query, ...(ids && { ids }), ...(loop && { loopMs: loop }) } };
}

function shapeOf(options: ReadonlyMap<string, string>): QueryShape | undefined {
  if (options.has('-L') || options.has('--list-gpus')) return { kind: 'list' };
  const format = (options.get('--format') ?? '').split(',');
  const look = { header: !format.includes('noheader'), units: !format.includes('nounits') };
  const fieldsOf = (value: string) => value.split(',').map((field) => field.trim());
  const gpus = options.get('--query-gpu');
  if (gpus !== undefined) return { kind: 'gpus', fields: fieldsOf(gpus), ...look };
  const processes = options.get('--query-compute-apps');
  if (processes !== undefined) return { kind: 'processes', fields: fieldsOf(processes), ...look };
  return undefined;
}

function loopOf(options: ReadonlyMap<string, string>): number | undefined {
  const ms = Number(options.get('--loop-ms') ?? Number.NaN);
  if (ms > 0) return ms;
  const loop = options.get('--loop');
  if (loop === undefined) return undefined;
  return Number(loop) > 0 ? Number(loop) * 1000 : 5000;
}
