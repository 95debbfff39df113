import { isIP } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as startTls } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';

/** After which a stream that does not end by itself is destroyed, ms. */
const DISCONNECT_MS = 2000;

/** A socket as ioredis wants one; what a stream of SSH has no say in does nothing. */
type SocketLike = Awaited<ReturnType<AbstractConnector['connect']>>;

/**
 * ioredis over a stream that somebody else opens, such as one through SSH. It is asked for anew after each loss; a
 * failure to open is told as the connection's error.
 */
export function streamConnector(open: () => Promise<Duplex>): NonNullable<RedisOptions['Connector']> {
  return class StreamConnector extends AbstractConnector {
    constructor() {
      super(DISCONNECT_MS);
    }

    /** Never rejects: ioredis would take that as the end of all tries. A stream that is closed already says the same. */
    override async connect(): Promise<SocketLike> {
      this.connecting = true;
      let stream: Duplex;
      try {
        stream = await open();
        if (!this.connecting) stream.destroy();
      } catch (cause) {
        this.firstError = cause instanceof Error ? cause : new Error(String(cause));
        stream = new Duplex({ read() {}, write: (_part, _encoding, done) => done() });
        stream.destroy();
      }
      const none = () => stream;
      for (const name of ['setNoDelay', 'setKeepAlive', 'setTimeout', 'ref', 'unref'])
        if (!(name in stream)) Object.defineProperty(stream, name, { value: none });
      // The five methods above are all that ioredis asks of a socket beyond a stream.
      this.stream = stream as SocketLike;
      return this.stream;
    }
  };
}

/**
 * TLS to Redis over a stream.
 * @param trust a certificate authority of one's own, PEM; by default those that Node trusts.
 * @throws what the handshake throws.
 */
export async function securedStream(
  channel: Duplex,
  host: string,
  trust: { ca?: string } = {},
): Promise<Duplex> {
  const servername = isIP(host) ? {} : { servername: host };
  const socket = startTls({ socket: channel, host, ...servername, ...trust });
  channel.on('close', () => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return socket;
}
