import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface SlowLinkOptions {
  /** Round trip that the link adds, ms: half of it in each direction. */
  rttMs: number;
  /** In each direction, shared by all connections. */
  megabitsPerSecond: number;
}

/** A TCP link with delay, a rate, and a meter. */
export interface SlowLink {
  readonly port: number;
  /** Payload bytes that went through so far, both directions together. */
  bytes(): number;
  stop(): Promise<void>;
}

/** A full-size Ethernet frame's TCP payload; what is sent takes its turn in parts of this size. */
const PART_BYTES = 1460;

/** Starts a link on a free loopback port in front of `targetPort`. Models delay and rate, not loss. */
export async function startSlowLink(targetPort: number, options: SlowLinkOptions): Promise<SlowLink> {
  const bytesPerMs = (options.megabitsPerSecond * 1e6) / 8 / 1000;
  const sockets = new Set<Socket>();
  let bytes = 0;

  /** One direction: when the wire is free again, and what it carries. */
  const wire = () => ({ freeAt: 0 });
  const [up, down] = [wire(), wire()];

  const carry = (from: Socket, to: Socket, direction: { freeAt: number }) => {
    const inFlight: { at: number; part: Buffer }[] = [];
    let timer: NodeJS.Timeout | undefined;
    const deliver = () => {
      timer = undefined;
      for (;;) {
        const [next] = inFlight;
        if (!next) return;
        const wait = next.at - performance.now();
        if (wait > 0.5) {
          timer = setTimeout(deliver, wait);
          return;
        }
        inFlight.shift();
        if (!to.destroyed) to.write(next.part);
      }
    };
    from.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += PART_BYTES) {
        const part = chunk.subarray(at, at + PART_BYTES);
        bytes += part.length;
        direction.freeAt = Math.max(direction.freeAt, performance.now()) + part.length / bytesPerMs;
        inFlight.push({ at: direction.freeAt + options.rttMs / 2, part });
      }
      if (!timer) deliver();
      // The sender's window: no more than 200 ms of traffic waits here.
      const ahead = direction.freeAt - performance.now();
      if (ahead > 200 && !from.isPaused()) {
        from.pause();
        setTimeout(() => from.resume(), ahead - 100);
      }
    });
    const end = () => {
      sockets.delete(from);
      setTimeout(() => to.destroy(), options.rttMs / 2);
    };
    from.on('close', end);
    from.on('error', end);
  };

  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
    }
    carry(client, upstream, up);
    carry(upstream, client, down);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => bytes,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
