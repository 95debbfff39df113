import { afterEach, expect } from 'vitest';
import {
  type ComfyDouble,
  type ComfyDoubleOptions,
  startComfyDouble,
} from '../../../resources/demo/comfy-double/server.ts';
import { connectComfy } from '../../../worker-agent/src/comfy/comfy-server.ts';
import type { ComfyOptions } from '../../../worker-agent/src/comfy/options.ts';
import type { ComfyServer } from '../../../worker-agent/src/comfy/roles.ts';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** Impatient enough for tests; nothing is asserted on these times. */
const IMPATIENT: ComfyOptions = {
  pollMs: 100,
  httpTimeoutMs: 1000,
  goneAfterMs: 1000,
  cancelRepeatMs: 100,
  rejoinMs: 200,
};

/** A ComfyUI double of its own; ended after the test. */
export async function double(options: ComfyDoubleOptions = {}): Promise<ComfyDouble> {
  const server = await startComfyDouble(options);
  opened.push(() => server.stop());
  return server;
}

/** A client of it; closed after the test. */
export function client(url: string, options: ComfyOptions = {}): ComfyServer {
  const comfy = connectComfy(url, { ...IMPATIENT, ...options });
  opened.push(() => comfy.close());
  return comfy;
}

/** Waits for a condition with a deadline. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  await expect.poll(condition, { timeout: 10_000, interval: 10, message: what }).toBe(true);
}

/** How often the prompt was handed over. */
export function submissions(server: ComfyDouble, promptId: string): number {
  return server.promptBodies.filter((body) => body.promptId === promptId).length;
}
