import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that Linux and macOS give to outgoing connections, so that none of those takes one in between. */
const RANGE = { from: 10_000, to: 32_000 };

/** A TCP port of this machine on which nothing listened a moment ago. */
export async function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of `count` such ports in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = randomInt(RANGE.from, RANGE.to - count);
    let next = first;
    while (next < first + count && (await isFree(next))) next += 1;
    if (next === first + count) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
