import type { Redis } from 'ioredis';
import { platformJobText, platformScore } from '../../resources/demo/platform-job.ts';
import { startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../worker-agent/src/queue/job-consumer.ts';

type Report = (row: {
  name: string;
  value: number;
  unit: string;
  n: number;
  peer?: { name: string; value: number };
}) => void;

const AGENTS = 4;
const WORKERS = 8;
const WAITING = 10_000;
/** Claims and pops take turns, so that another load on the machine hits both; the median round counts. */
const ROUNDS = process.env.BENCH_SHORT ? 3 : 9;

/** Claims per second on a full queue, against ZPOPMIN alone: what the atomic claim with lease and text costs. */
export async function bench(report: Report): Promise<void> {
  const server = await startPrivateRedis();
  try {
    const rounds: { ratio: number; claims: number; pops: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await fill(server.client());
      const pops = await popAll(Array.from({ length: AGENTS }, () => server.client()));
      await fill(server.client());
      const claims = await claimAll(Array.from({ length: AGENTS }, () => server.client()));
      rounds.push({ ratio: claims / pops, claims, pops });
    }
    rounds.sort((a, b) => a.ratio - b.ratio);
    const median = rounds[Math.floor(ROUNDS / 2)];
    if (!median) throw new Error('Nothing was measured.');
    const peer = { name: 'ZPOPMIN alone, per second', value: Math.round(median.pops) };
    report({ name: 'claim.perSecond', value: Math.round(median.claims), unit: '1/s', n: WAITING, peer });
    report({
      name: 'claim.ratio',
      value: Number(median.ratio.toFixed(3)),
      unit: '',
      n: WAITING * ROUNDS,
      peer,
    });
  } finally {
    await server.stop();
  }
}

/** A small text-to-image prompt, compact as the queue-manager stores it. */
const workflow = JSON.stringify({
  1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'v1-5-pruned-emaonly.safetensors' } },
  2: { class_type: 'CLIPTextEncode', inputs: { text: 'a lake at sunset, oil on canvas', clip: ['1', 1] } },
  3: { class_type: 'CLIPTextEncode', inputs: { text: 'blurry, low quality', clip: ['1', 1] } },
  4: { class_type: 'EmptyLatentImage', inputs: { width: 512, height: 512, batch_size: 1 } },
  5: {
    class_type: 'KSampler',
    inputs: {
      ...{ seed: 42, steps: 20, cfg: 8.5, sampler_name: 'euler', scheduler: 'normal', denoise: 1 },
      ...{ model: ['1', 0], positive: ['2', 0], negative: ['3', 0], latent_image: ['4', 0] },
    },
  },
  6: { class_type: 'VAEDecode', inputs: { samples: ['5', 0], vae: ['1', 2] } },
  7: { class_type: 'SaveImage', inputs: { images: ['6', 0], filename_prefix: 'lake' } },
});

async function fill(redis: Redis): Promise<void> {
  await redis.flushall();
  const createdAt = Date.UTC(2026, 2, 1) * 1000;
  for (let from = 0; from < WAITING; from += 1000) {
    const batch = redis.pipeline();
    for (let i = from; i < from + 1000; i += 1) {
      const user = `user${String(1 + (i % 20)).padStart(3, '0')}`;
      const job = {
        id: `job-${i}`,
        userId: user,
        workflow,
        priority: 2,
        createdAtMicros: createdAt + i,
      } as const;
      batch.set(keys.job(job.id), platformJobText(job)).zadd(keys.pending, platformScore(job), job.id);
    }
    await batch.exec();
  }
}

async function popAll(clients: Redis[]): Promise<number> {
  return perSecond(clients, async (redis) => (await redis.zpopmin(keys.pending)).length > 0);
}

async function claimAll(clients: Redis[]): Promise<number> {
  const consumers = new Map(clients.map((redis) => [redis, createJobConsumer(redis)]));
  return perSecond(clients, async (redis, worker) => {
    const outcome = await consumers.get(redis)?.claim({
      ...{ hostId: 'bench', workerId: `worker-${clients.indexOf(redis)}-${worker}` },
      ...{ mode: 'fifo', leaseMs: 30_000 },
    });
    return outcome?.kind === 'claimed';
  });
}

async function perSecond(
  clients: Redis[],
  take: (redis: Redis, worker: number) => Promise<boolean>,
): Promise<number> {
  await Promise.all(clients.map((redis) => redis.ping()));
  let taken = 0;
  const started = performance.now();
  await Promise.all(
    clients.flatMap((redis) =>
      Array.from({ length: WORKERS }, async (_, worker) => {
        while (await take(redis, worker)) taken += 1;
      }),
    ),
  );
  const rate = (taken * 1000) / (performance.now() - started);
  if (taken !== WAITING) throw new Error(`${taken} of ${WAITING} were taken.`);
  for (const redis of clients) redis.disconnect();
  return rate;
}

if (import.meta.main)
  await bench((row) =>
    process.stdout.write(`${row.name} ${row.value} ${row.unit} ${JSON.stringify(row.peer)}\n`),
  );
