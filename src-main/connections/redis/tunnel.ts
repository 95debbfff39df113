import { isIP } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as startTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { ConnectRedis, RedisAddress } from './connect.ts';

/** Opens a stream to an address as another machine sees it. */
export type Forward = (host: string, port: number) => Promise<Duplex>;

/**
 * The way to Redis through another machine, over its SSH link: no port is opened on this laptop, and Redis needs none
 * that this laptop could reach.
 * @param forward a stream from that machine to Redis.
 * @param trust a certificate authority of one's own, PEM; by default those that Node trusts.
 */
export function tunnelledConnection(
  address: RedisAddress,
  forward: Forward,
  trust: { ca?: string } = {},
): ConnectRedis {
  const open = async (): Promise<Duplex> => {
    const channel = await forward(address.host, address.port);
    // sshd tells the end of Redis as an end of data only; without this the connection would seem to stand.
    channel.on('end', () => channel.destroy());
    if (!address.tls) return channel;
    const servername = isIP(address.host) ? {} : { servername: address.host };
    const secured = startTls({ socket: channel, host: address.host, ...servername, ...trust });
    channel.on('close', () => secured.destroy());
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', resolve);
      secured.once('error', reject);
    });
    return secured;
  };
  return (use) =>
    new Redis({
      ...(address.password === null ? {} : { password: address.password }),
      Connector: connectorOver(open),
      disableClientInfo: true,
      ...use,
    });
}

/** After which a stream that does not end by itself is destroyed, ms. */
const DISCONNECT_MS = 2000;

/** A socket as ioredis wants one; what a stream of SSH has no say in does nothing. */
type SocketLike = Awaited<ReturnType<AbstractConnector['connect']>>;

function connectorOver(open: () => Promise<Duplex>): NonNullable<RedisOptions['Connector']> {
  return class TunnelConnector extends AbstractConnector {
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
