import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { openRedisWorkshop } from '../../../src-main/app/redis-workshop.ts';
import { NO_CHOICES } from '../../../src-main/domain/deploy/agent-settings.ts';
import { createWorkshopWatch } from '../../../src-main/services/watch-workshop.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { type OwnRootMachine, startOwnRootMachines } from '../../support/own-root-machine.ts';
import { becomeGpuHost, becomeVps } from '../../support/workshop-machines.ts';
import { slowImage } from '../agent/agent-rig.ts';
import { confirmKey, createHostsRig, stateOf } from '../hosts/hosts-rig.ts';
import { act, buildAgent, eventually, HOST_ID, openConsole } from './deploy-rig.ts';

/*
 * A rented pod that is in no tailnet and comes into none: of the VPS it reaches one address of the internet, with SSH.
 * Redis listens on the tailnet address. Both machines have root folders, networks and sshds of their own.
 */
const start = await startOwnRootMachines(['vps', 'gpu-host']);
if (start.kind === 'unavailable') console.log(`skipped: ${start.reason}`);

const PASSWORD = 'redis-password-of-the-vps';
/** Of the block for documentation; nobody has it. */
const PUBLIC = '198.51.100.7';
const ROOT = '/root/.local/share/worker-agent';
const DATA = '/home/dev/comfyume-v1/data';
const undo: (() => unknown)[] = [];
let vps: OwnRootMachine;
let gpu: OwnRootMachine;
let redis: Redis;

beforeAll(async () => {
  if (start.kind === 'unavailable') return;
  undo.push(start.all.close);
  ({ vps, 'gpu-host': gpu } = start.all.machines);
  await Promise.all([becomeVps(vps, PASSWORD), becomeGpuHost(gpu)]);
  await gpu.run('rm /usr/local/bin/tailscale');
  await vps.run('ip addr add "$1/32" dev lo', PUBLIC);
  await gpu.run(
    `cable=$(ip -o route get "$1" | sed 's/.* dev \\([^ ]*\\) .*/\\1/')
     ip route add "$2/32" dev "$cable" src "$3"
     ip route del "$1/32"`,
    ...[vps.address, PUBLIC, gpu.address],
  );
  redis = new Redis({ host: vps.address, port: 6379, password: PASSWORD });
  undo.push(() => redis.disconnect());
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});

describe.skipIf(start.kind === 'unavailable')('a pod without a tailnet', () => {
  test('is deployed to in one press, and its jobs come and go through the SSH of the VPS', async () => {
    if (start.kind === 'unavailable') return;
    const dir = mkdtempSync(join(tmpdir(), 'workshop-pod-'));
    const laptop = createHostsRig();
    const watch = createWorkshopWatch();
    const login = { host: vps.address, port: 6379, password: PASSWORD, tls: false };
    const workshop = openRedisWorkshop({ name: 'rig', ...login });
    watch.turnTo(workshop);
    const linkTo = async (machine: OwnRootMachine, user: string) => {
      const link = laptop.open({ id: user, host: machine.address, user, keyFile: start.all.keyFile });
      await confirmKey(link, machine);
      await stateOf(link, 'ready');
      return link.host;
    };
    const [toVps, toGpu] = [await linkTo(vps, 'dev'), await linkTo(gpu, 'root')];
    await toGpu.files.mkdir(ROOT);
    await toGpu.files.write(`${ROOT}/workshop.env`, `VPS_OUTPUTS_PATH=${DATA}/outputs\n`, 0o600);
    const keeper = openConsole({
      host: toGpu,
      bundle: (await buildAgent(dir))('one'),
      watch,
      configuration: { REDIS_HOST: vps.address, REDIS_PORT: '6379', REDIS_PASSWORD: PASSWORD },
      choices: NO_CHOICES,
      // As a laptop that is in the tailnet logs in.
      vps: { login: vps.address, open: async () => toVps },
    });
    undo.push(() => {
      keeper.close();
      watch.close();
      workshop.close();
      laptop.close();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    });

    const view = await act(keeper, 'deploy');
    expect(view.error).toBeNull();
    expect(view.steps.find(({ id }) => id === 'tailscale')).toMatchObject({
      state: 'done',
      why: expect.stringContaining('through the SSH of the VPS'),
    });
    const env = readFileSync(gpu.path(`${ROOT}/agent.env`), 'utf8');
    expect(env).toContain(`VPS_SSH_HOST=${PUBLIC}`);
    expect(env).toContain('REDIS_THROUGH=vps-ssh');
    const lines = readFileSync(vps.path('/home/dev/.ssh/authorized_keys'), 'utf8');
    expect(lines).toContain(
      `restrict,port-forwarding,permitopen="${vps.address}:6379",command="internal-sftp"`,
    );

    const job = { id: 'job-pod', userId: 'user001', workflow: slowImage(1), priority: 2 as const };
    await submitAsQueueManager(redis, { ...job, createdAtMicros: Date.now() * 1000 });
    await eventually('the end of the job', async () =>
      JSON.parse((await redis.get(keys.job(job.id))) ?? '{}').status === 'completed' ? true : undefined,
    );
    expect(readdirSync(vps.path(`${DATA}/outputs/user001/${job.id}`))).toHaveLength(1);
    // Redis sees the VPS itself, where the pod's connections come out.
    const clients = String(await redis.client('LIST'));
    expect(clients).not.toContain(`addr=${gpu.address}:`);
    expect(
      clients.split('\n').filter((line) => line.includes(`addr=${vps.address}:`)).length,
    ).toBeGreaterThan(1);

    // Its links are cut in the middle of a job: it ends once, and the agent is heard of again.
    const next = { ...job, id: 'job-cut', workflow: slowImage(6) };
    await submitAsQueueManager(redis, { ...next, createdAtMicros: Date.now() * 1000 });
    await eventually('the job in hand', async () =>
      JSON.parse((await redis.get(keys.job(next.id))) ?? '{}').status === 'running' ? true : undefined,
    );
    vps.killSessions();
    await eventually('the end of the second job', async () =>
      JSON.parse((await redis.get(keys.job(next.id))) ?? '{}').status === 'completed' ? true : undefined,
    );
    expect(readdirSync(vps.path(`${DATA}/outputs/user001/${next.id}`))).toHaveLength(1);
    expect(watch.now.hosts[HOST_ID]?.status?.phase).toBe('running');
  }, 120_000);
});
