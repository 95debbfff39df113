import { keys } from '../../worker-agent/src/contract/keys.ts';
import type { DemoWorkshop } from './demo-workshop.ts';

/** One short line about the workshop, kept up to date in a terminal; now and then a new one elsewhere. */
export interface StatusLine {
  /** Makes room for other output. */
  clear(): void;
  stop(): void;
}

const TERMINAL_MS = 1000;
const PIPE_MS = 15_000;

export function startStatusLine(workshop: DemoWorkshop, speed: number): StatusLine {
  const { stdout } = process;
  const redis = workshop.redis.client();
  let stopped = false;
  let shown = false;
  const clear = () => {
    if (shown && stdout.isTTY) stdout.write('\r\x1b[K');
    shown = false;
  };
  const show = async () => {
    const [waiting, running, completed, failed] = await Promise.all(
      [keys.pending, keys.running, keys.completed, keys.failed].map((queue) => redis.zcard(queue)),
    );
    if (stopped) return;
    const pace = speed === 1 ? '' : ` · ${speed}× speed`;
    const text = `waiting ${waiting} · running ${running} · completed ${completed} · failed ${failed}${pace} · Ctrl-C ends`;
    stdout.write(stdout.isTTY ? `\r\x1b[K${text.slice(0, (stdout.columns || 80) - 1)}` : `${text}\n`);
    shown = true;
  };
  const timer = setInterval(() => void show().catch(() => {}), stdout.isTTY ? TERMINAL_MS : PIPE_MS);
  void show().catch(() => {});
  return {
    clear,
    stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      clear();
      redis.disconnect();
    },
  };
}
