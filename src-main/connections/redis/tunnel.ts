import type { Duplex } from 'node:stream';
import { Redis } from 'ioredis';
import { securedStream, streamConnector } from '../../../worker-agent/src/queue/stream-connector.ts';
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
    return address.tls ? securedStream(channel, address.host, trust) : channel;
  };
  return (use) =>
    new Redis({
      ...(address.password === null ? {} : { password: address.password }),
      Connector: streamConnector(open),
      disableClientInfo: true,
      ...use,
    });
}
