/** Keys that take effect without a restart; all others are read once, at the start. */
const LIVE: ReadonlySet<string> = new Set([
  'LOG_LEVEL',
  'LOG_FILE',
  'LOG_FILE_SIZE',
  'LOG_FILE_COUNT',
  'QUEUE_MODE',
  'JOB_TIMEOUT',
  'WORKER_POLL_INTERVAL',
  'WORKER_GPU_MEMORY_LIMIT',
  'STOP_GRACE_SECONDS',
  // Read when nobody has said yet how many workers are wanted.
  'NUM_WORKERS',
]);

/** The keys whose values differ between two configurations, by what it takes to follow them. */
export interface SettingsChange {
  live: string[];
  restart: string[];
}

export function compareSettings(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  known: readonly string[],
): SettingsChange {
  const changed = known.filter((name) => before[name] !== after[name]).sort();
  return {
    live: changed.filter((name) => LIVE.has(name)),
    restart: changed.filter((name) => !LIVE.has(name)),
  };
}
