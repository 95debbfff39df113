import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP link that can be broken on purpose, each way by name, and mended again. */
export interface FaultProxy {
  readonly port: number;
  /** Resets every connection and refuses new ones until `mend`. */
  cut(): void;
  /** Accepts and keeps connections, but lets no byte through until `mend`: a frozen link. */
  freeze(): void;
  /** Holds every byte back for `delayMs` in each direction. */
  delay(delayMs: number): void;
  /** Ends cut, freeze and delay. */
  mend(): void;
  stop(): Promise<void>;
}

/** Starts a proxy on a free loopback port in front of `targetPort`. */
export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  let mode: 'open' | 'cut' | 'frozen' = 'open';
  let delayMs = 0;

  const pass = (from: Socket, to: Socket) => {
    let queue = Promise.resolve();
    from.on('data', (chunk) => {
      const due = performance.now() + delayMs;
      queue = queue.then(async () => {
        const wait = due - performance.now();
        if (wait > 1) await new Promise((done) => setTimeout(done, wait));
        while (mode === 'frozen') await new Promise<void>((done) => waiting.push(done));
        if (!to.destroyed) to.write(chunk);
      });
    });
    from.on('close', () => {
      sockets.delete(from);
      queue.then(() => to.destroy());
    });
    from.on('error', () => to.destroy());
  };

  const server = createServer((client) => {
    if (mode === 'cut') return client.resetAndDestroy();
    const upstream = connect(targetPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
    }
    pass(client, upstream);
    pass(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = () => {
    mode = 'cut';
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const mend = () => {
    mode = 'open';
    delayMs = 0;
    for (const release of waiting.splice(0)) release();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    freeze: () => {
      if (mode === 'open') mode = 'frozen';
    },
    delay: (ms) => {
      delayMs = ms;
    },
    mend,
    stop: async () => {
      cut();
      mode = 'open';
      for (const release of waiting.splice(0)) release();
      server.close();
    },
  };
}
