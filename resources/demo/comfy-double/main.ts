/**
 * The double as a process of its own:
 *
 *   node main.ts --port 8188 --version 0.33.0 --speed 10 --vram-file card/worker-1.json --control
 *
 * Prints `listening on http://127.0.0.1:PORT` once it answers. SIGTERM ends it at once and loses
 * everything, as it does with ComfyUI (recording 17); the exit code is 1 where ComfyUI would crash.
 */

import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startComfyDouble } from './server.ts';
import { COMFYUI_VERSIONS } from './versions.ts';
import { MEBIBYTE } from './vram.ts';

const argumentsSchema = z.object({
  host: z.string().optional(),
  port: z.coerce.number().int().min(0).max(65535).optional(),
  version: z.enum(COMFYUI_VERSIONS).optional(),
  speed: z.coerce.number().positive().optional(),
  seed: z.coerce.number().int().optional(),
  'output-directory': z.string().optional(),
  'input-directory': z.string().optional(),
  'temp-directory': z.string().optional(),
  'vram-file': z.string().optional(),
  'vram-total-mib': z.coerce.number().positive().optional(),
  'oom-rate': z.coerce.number().min(0).max(1).optional(),
  'no-models': z.boolean().optional(),
  cpu: z.boolean().optional(),
  control: z.boolean().optional(),
});

const { values } = parseArgs({
  options: {
    host: { type: 'string' },
    port: { type: 'string' },
    version: { type: 'string' },
    speed: { type: 'string' },
    seed: { type: 'string' },
    'output-directory': { type: 'string' },
    'input-directory': { type: 'string' },
    'temp-directory': { type: 'string' },
    'vram-file': { type: 'string' },
    'vram-total-mib': { type: 'string' },
    'oom-rate': { type: 'string' },
    'no-models': { type: 'boolean' },
    cpu: { type: 'boolean' },
    control: { type: 'boolean' },
  },
});
const parsed = argumentsSchema.safeParse(values);
if (!parsed.success) {
  console.error(z.prettifyError(parsed.error));
  process.exit(2);
}
const args = parsed.data;
const mebibytes = args['vram-total-mib'];
const vramFile = args['vram-file'];
const double = await startComfyDouble({
  host: args.host,
  port: args.port,
  version: args.version,
  speed: args.speed,
  seed: args.seed,
  outputDirectory: args['output-directory'],
  inputDirectory: args['input-directory'],
  tempDirectory: args['temp-directory'],
  vramFile,
  vramTotal: mebibytes === undefined ? undefined : mebibytes * MEBIBYTE,
  oomRate: args['oom-rate'],
  models: args['no-models'] === true ? {} : undefined,
  device: args.cpu === true ? 'cpu' : undefined,
  control: args.control,
});

process.on('SIGTERM', () => {
  double.removeTraces();
  // Dies of the signal, as ComfyUI does: no close frame, nothing saved.
  process.removeAllListeners('SIGTERM');
  process.kill(process.pid, 'SIGTERM');
});
process.on('SIGINT', () => {
  double.removeTraces();
  process.exit(0);
});
console.log(`listening on ${double.url}`);
process.exitCode = await double.crashed;
double.removeTraces();
process.exit();
