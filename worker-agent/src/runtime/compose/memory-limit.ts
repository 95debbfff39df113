const GIB = 1024 ** 3;

/**
 * RAM limit of one container when nobody set one: what the host can spare, shared out among the workers it may run, so
 * that they cannot push the host itself into its memory killer. RAM, not VRAM (contract 3.2).
 * @param hostBytes the host's RAM.
 * @returns null when the host is so small that a limit would do more harm than good.
 */
export function sharedMemoryLimit(hostBytes: number, maxWorkers: number): number | null {
  const spared = Math.max(2 * GIB, hostBytes * 0.08);
  const share = Math.floor((hostBytes - spared) / Math.max(1, maxWorkers) / GIB) * GIB;
  return share >= 4 * GIB ? share : null;
}
