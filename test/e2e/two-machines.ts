import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startComfyDouble } from '../../resources/demo/comfy-double/server.ts';
import { startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { startOwnRootMachines } from '../support/own-root-machine.ts';
import { type SshServer, startSshServer } from '../support/ssh-server.ts';
import { becomeGpuHost, becomeVps, occupyPort } from '../support/workshop-machines.ts';

/** A VPS and a GPU host with nothing of ours on them, as a person knows them who begins a workshop. */
export interface TwoMachines {
  readonly vps: Login;
  readonly gpu: Login;
  readonly redis: { host: string; port: number };
  /**
   * Each has a root folder and an address of its own, and something else listens on the GPU host's port 8189. Else they
   * share this machine's, but for their homes.
   */
  readonly ownRoots: boolean;
  /** ComfyUI servers that already run; none where ComfyUI lies on the GPU host and the agent starts it. */
  readonly comfyUrls: readonly string[];
  /** What all ComfyUI servers answer to a GET, one after the other. */
  askComfy(path: string): Promise<string>;
  /** Where the root folder of each is, for this test; none where they share this machine's. */
  readonly roots: { vps: string; gpu: string } | undefined;
  /** Files of the GPU host, below the home of the user who logs in. */
  list(inHome: string): Promise<string[]>;
  close(): Promise<void>;
}

interface Login {
  /** For the address field: user, address, and the port where it is not 22. */
  address: string;
  fingerprint: string;
  keyFile: string;
}

/** Starts them, with root folders of their own where this system lets us. */
export async function startTwoMachines(
  password: string,
  vpsExtras: Parameters<typeof becomeVps>[2],
): Promise<TwoMachines> {
  const start = await startOwnRootMachines(['vps', 'gpu-host']);
  if (start.kind === 'ready') {
    const { close, keyFile, machines } = start.all;
    const { vps, 'gpu-host': gpu } = machines;
    await Promise.all([becomeVps(vps, password, vpsExtras), becomeGpuHost(gpu)]);
    await occupyPort(gpu, 8189);
    return {
      vps: { address: `dev@${vps.address}`, fingerprint: vps.fingerprint, keyFile },
      gpu: { address: `root@${gpu.address}:22`, fingerprint: gpu.fingerprint, keyFile },
      redis: { host: vps.address, port: 6379 },
      ownRoots: true,
      roots: { vps: vps.path('/'), gpu: gpu.path('/') },
      comfyUrls: [],
      askComfy: (path) =>
        gpu.run('for port in 8200 8201; do curl -fsS "http://127.0.0.1:$port$1" || :; done', path),
      list: (inHome) => readdir(gpu.path(join('/root', inHome))),
      close,
    };
  }
  console.log(`one root folder for both machines, and no import of the .env: ${start.reason}`);
  const redis = await startPrivateRedis({ password, appendOnly: false });
  const comfies = [await startComfyDouble({ speed: 2 }), await startComfyDouble({ speed: 2 })];
  const vps = await startSshServer({ ownHome: true });
  const gpu = await startSshServer({ ownHome: true });
  const urls = comfies.map(({ url }) => url);
  return {
    vps: loginOf(vps),
    gpu: loginOf(gpu),
    redis: { host: '127.0.0.1', port: redis.port },
    ownRoots: false,
    roots: undefined,
    comfyUrls: urls,
    askComfy: async (path) =>
      (await Promise.all(urls.map(async (url) => (await fetch(url + path)).text()))).join('\n'),
    list: (inHome) => readdir(join(gpu.home, inHome)),
    async close() {
      await endAgent(join(gpu.home, '.local/share/worker-agent'));
      for (const comfy of comfies) await comfy.stop();
      await Promise.all([vps.close(), gpu.close(), redis.stop()]);
    },
  };
}

const loginOf = ({ user, port, fingerprint, keyFile }: SshServer): Login => ({
  ...{ address: `${user}@127.0.0.1:${port}`, fingerprint, keyFile },
});

/** What a test that failed left running. */
async function endAgent(root: string): Promise<void> {
  const pids = await Promise.all([
    readFile(join(root, 'daemon.pid'), 'utf8').catch(() => ''),
    readFile(join(root, 'state/agent.lock'), 'utf8').then(
      (text) => String(JSON.parse(text).pid),
      () => '',
    ),
  ]);
  for (const pid of pids.map(Number))
    try {
      if (pid > 1) process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
}
