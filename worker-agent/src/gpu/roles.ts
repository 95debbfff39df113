import type { ErrorInfo } from '../contract/errors.ts';
import type { ProcessVram } from '../contract/nvidia-smi-text.ts';
import type { Gpu } from '../contract/telemetry.ts';

/** The last word about this machine's GPUs. */
export interface GpuReading {
  gpus: Gpu[];
  /** Empty when the driver does not tell processes apart. */
  processes: ProcessVram[];
  /** Why there are no figures; null while there are. */
  error: ErrorInfo | null;
}

/** A reader of the GPUs; never throws, never fails the agent. */
export interface GpuReader {
  reading(): GpuReading;
  close(): Promise<void>;
}
