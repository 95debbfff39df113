/**
 * Which services of the platform read a key of its .env when they start (contract 4.1, 4.3); those that keep files or
 * participants' sessions are never made anew for a setting.
 */
const QUEUE_MANAGER = new Set([
  ...['QUEUE_MODE', 'ENABLE_PRIORITY', 'MAX_QUEUE_DEPTH', 'JOB_TIMEOUT', 'NUM_WORKERS', 'INFERENCE_MODE'],
  ...['DEBUG', 'VERBOSE_LOGS', 'QUEUE_MANAGER_LOG_LEVEL'],
]);

/** Names of compose services that take over a changed key only by being made anew; none where that is not known. */
export function servicesReading(key: string): string[] {
  if (key === 'ADMIN_PASSWORD') return ['admin'];
  return QUEUE_MANAGER.has(key) ? ['queue-manager'] : [];
}
