/** Options of a ComfyUI double. */

import type { ModelCatalogue } from './models.ts';
import type { ComfyVersion } from './versions.ts';

export interface ComfyDoubleOptions {
  readonly version?: ComfyVersion;
  readonly host?: string;
  /** 0 (default): any free port. */
  readonly port?: number;
  /** All node durations are divided by this. */
  readonly speed?: number;
  /** Seed of everything that is left to chance. */
  readonly seed?: number;
  readonly outputDirectory?: string;
  readonly inputDirectory?: string;
  readonly tempDirectory?: string;
  /** Model files the loaders offer; default: the demo catalogue. */
  readonly models?: ModelCatalogue;
  /** What /system_stats shows. */
  readonly device?: 'cuda' | 'cpu';
  readonly vramTotal?: number;
  readonly vramFile?: string;
  readonly oomRate?: number;
  /** Node time stands still and is moved with advanceTime(): for tests that must not depend on load. */
  readonly manualTime?: boolean;
  /** number of the first prompt. */
  readonly firstNumber?: number;
  /** Real milliseconds between execution_success and the history entry; default: 0 to 3, by chance. */
  readonly historyDelayMs?: number;
  /** Real milliseconds a broken connection stays in the socket table. */
  readonly abortNoticeMs?: number;
  /** Serve POST /double/control and GET /double/state. */
  readonly control?: boolean;
}
