import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { openRedisWorkshop } from '../../../src-main/app/redis-workshop.ts';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import type { DeployKeeper } from '../../../src-main/services/deploy/deploy-service.ts';
import type { AgentBundle } from '../../../src-main/services/deploy/roles.ts';
import { createWorkshopWatch, type WorkshopWatch } from '../../../src-main/services/watch-workshop.ts';
import type { OwnRootMachine, OwnRootMachines } from '../../support/own-root-machine.ts';
import { becomeGpuHost, becomeVps } from '../../support/workshop-machines.ts';
import { confirmKey, createHostsRig, type HostsRig, stateOf } from '../hosts/hosts-rig.ts';
import { until } from '../main/until.ts';
import { buildAgent, type ConsoleOptions, openConsole } from './deploy-rig.ts';

/** Of the workshop's Redis; of each test file its own, since one that watches all processes sees those of others. */
export const PASSWORD = `redis-password-${randomUUID()}`;

/** Two machines with root folders of their own, a console's links to them, and its live model of the workshop. */
export interface MachinesRig {
  readonly vps: OwnRootMachine;
  readonly gpu: OwnRootMachine;
  readonly keyFile: string;
  /** As root of the GPU host. */
  readonly link: HostLink;
  readonly bundle: AgentBundle;
  /** The bundle with another mark, so that it is another release. */
  release(mark: string): AgentBundle;
  readonly watch: WorkshopWatch;
  /** Of the workshop's Redis. */
  readonly client: Redis;
  console(options?: Partial<Parameters<typeof openConsole>[0]> & ConsoleOptions): DeployKeeper;
  closeConsoles(): void;
  /** Every picture that a console gave its page, as JSON. */
  readonly told: readonly string[];
  /** Logs in to the GPU host and confirms its key where that is asked. */
  ready(hosts: HostsRig, login: { user: string; keyFile: string }): Promise<HostLink>;
  close(): Promise<void>;
}

/** @param become makes the GPU host into what it is to be; default a provider's pod. */
export async function startMachinesRig(
  { machines, keyFile, close }: OwnRootMachines<'vps' | 'gpu-host'>,
  { become = becomeGpuHost }: { become?: (machine: OwnRootMachine) => Promise<void> } = {},
): Promise<MachinesRig> {
  const { vps, 'gpu-host': gpu } = machines;
  const dir = mkdtempSync(join(tmpdir(), 'workshop-two-machines-'));
  const consoles: DeployKeeper[] = [];
  const told: string[] = [];
  const built = buildAgent(dir);
  await Promise.all([becomeVps(vps, PASSWORD), become(gpu)]);
  const laptop = createHostsRig();
  const ready: MachinesRig['ready'] = async (hosts, login) => {
    const opened = hosts.open({ id: 'gpu', name: 'the GPU host', host: gpu.address, port: 22, ...login });
    await until('the GPU host is known or asked about', () =>
      opened.state.kind === 'asking' || opened.state.kind === 'ready' ? true : undefined,
    );
    if (opened.state.kind === 'asking') await confirmKey(opened, gpu);
    await stateOf(opened, 'ready');
    return opened;
  };
  const link = await ready(laptop, { user: 'root', keyFile });
  const release = await built;
  const bundle = release('one');
  const watch = createWorkshopWatch();
  const workshop = openRedisWorkshop({
    ...{ name: 'rig', host: vps.address, port: 6379, password: PASSWORD, tls: false },
  });
  watch.turnTo(workshop);
  const client = new Redis({ host: vps.address, port: 6379, password: PASSWORD });
  const closeConsoles = () => {
    for (const keeper of consoles.splice(0)) keeper.close();
  };
  return {
    ...{ vps, gpu, keyFile, link, bundle, release, watch, client, ready, closeConsoles, told },
    console(options = {}) {
      const keeper = openConsole({
        host: link.host,
        bundle,
        watch,
        ...options,
        configuration: {
          ...{ REDIS_HOST: vps.address, REDIS_PORT: '6379', REDIS_PASSWORD: PASSWORD, LEASE_SECONDS: '5' },
          ...options.configuration,
        },
      });
      consoles.push(keeper);
      return {
        ...keeper,
        async *changes(signal) {
          for await (const views of keeper.changes(signal)) {
            told.push(JSON.stringify(views));
            yield views;
          }
        },
      };
    },
    async close() {
      closeConsoles();
      client.disconnect();
      watch.close();
      workshop.close();
      laptop.close();
      await close();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
