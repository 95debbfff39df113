import { randomUUID } from 'node:crypto';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import type { ImportPlan } from '../../domain/env-file/import-plan.ts';
import { type RedisProof, readProof } from '../../domain/env-file/redis-proof.ts';
import { PROVE_REDIS } from './scripts.ts';

/** Until a silent Redis counts as such, s; the script itself waits less for each answer. */
const PROOF_S = 15;

/**
 * Talks to Redis from a GPU host itself: PING and the round trip of a test key.
 * @throws WorkshopError WRONG_STATE where that host cannot do so.
 */
export async function proveRedis(
  host: RemoteHost,
  redis: NonNullable<ImportPlan['redis']>,
): Promise<RedisProof> {
  const address = `${redis.host}:${redis.port}`;
  if (redis.tls)
    throw new WorkshopError('WRONG_STATE', 'A Redis with TLS is not tested from here.', {
      remedy: 'Deploy the agent: its doctor tests the connection with TLS.',
    });
  const nonce = randomUUID();
  const said = await host.exec(
    [
      'timeout',
      '-k',
      '2',
      String(PROOF_S),
      'bash',
      '--noprofile',
      '--norc',
      '-c',
      PROVE_REDIS,
      'prove-redis',
      redis.host,
      String(redis.port),
      keys.probe(nonce),
      nonce,
    ],
    { stdin: `${redis.password}\0`, timeoutMs: (PROOF_S + 10) * 1000, maxBytes: 16_384 },
  );
  if (said.code === 127)
    throw new WorkshopError('WRONG_STATE', `${host.label} has no bash or no timeout, which the test needs.`, {
      remedy: 'Deploy the agent: its doctor tests the connection, too.',
    });
  return readProof(said.stdout, said.code === 0 ? 'ended' : 'late', address);
}
