import type { LogLine } from '../../src-main/domain/logs/log-line.ts';
import type { FakeLogs } from './fake-logs.ts';

const SAID: readonly Pick<LogLine, 'level' | 'text'>[] = [
  { level: 'info', text: 'got prompt' },
  { level: 'info', text: 'model weight dtype torch.float8_e4m3fn, manual cast: torch.bfloat16' },
  { level: 'info', text: 'Requested to load LTXVideo19B' },
  { level: 'info', text: 'loaded completely 71234.1 18842.3 True' },
  { level: 'info', text: ' 45%|████▌     | 9/20 [00:31<00:37,  3.41s/it]' },
  { level: 'warn', text: 'WARNING: the VAE needs 9.4 GB more than is free; decoding in tiles' },
  { level: 'debug', text: 'DEBUG websocket client 9f2c connected, 3 clients' },
  { level: 'info', text: 'Prompt executed in 68.02 seconds' },
];
const FAILED: readonly string[] = [
  '!!! Exception during processing !!! Allocation on device 0 would exceed allowed memory.',
  'Traceback (most recent call last):',
  '  File "/opt/ComfyUI/execution.py", line 361, in execute',
  '    output_data = get_output_data(obj, input_data_all)',
  'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9.40 GiB.',
];

/** Logs of an ordinary morning, with a gap and a failure. @param prefix of the workers' names. */
export function logScene(logs: FakeLogs, prefix = 'worker'): void {
  logs.found = [
    { id: 'agent', kind: 'agent', where: 'journal of worker-agent.service' },
    ...[1, 2, 3].map((n) => ({
      ...{ id: `${prefix}-${n}`, kind: 'worker' as const, where: `container comfyui-gpu-1-${prefix}-${n}` },
    })),
  ];
  const now = Date.now();
  const lines = Array.from({ length: 120 }, (_, at) => ({
    ...SAID[at % SAID.length],
    at: now - (140 - at) * 410,
  }));
  logs.write(lines);
  logs.write(
    FAILED.map((text) => ({ text, level: 'error' as const, at: now - 8000 })),
    12_304,
  );
  logs.write(lines.slice(0, 12).map((line, at) => ({ ...line, at: now - (12 - at) * 410 })));
}
